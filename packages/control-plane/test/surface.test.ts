import { expect, it } from 'vitest';
import * as controlPlane from '../src/index.ts';

it('exports these values and no others', () => {
  expect(Object.keys(controlPlane).toSorted()).toEqual([
    'connectControlPlane',
    'fifo',
    'findOwner',
    'openControlPlane',
    'openReadOnlyPlane',
    'prepareDataDir',
    'socketPath',
  ]);
});
