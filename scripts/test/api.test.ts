import { expect, it } from 'vitest';
import { unannounced } from '../api/released.ts';

const changeset = "---\n'@runtime/cli': minor\n---\n\n'@runtime/contracts': is not named by this line.\n";

it('asks for a changeset for every package whose surface is not that of its last release', () => {
  const now = { '@runtime/cli': 'a', '@runtime/contracts': 'b', '@runtime/event-log': 'c' };
  const released = { '@runtime/cli': 'before', '@runtime/contracts': 'before', '@runtime/event-log': 'c' };
  expect(unannounced({ now, released, changesets: [] })).toEqual(['@runtime/cli', '@runtime/contracts']);
  expect(unannounced({ now, released, changesets: [changeset] })).toEqual(['@runtime/contracts']);
  expect(unannounced({ now, released: {}, changesets: [changeset] })).toEqual([
    '@runtime/contracts',
    '@runtime/event-log',
  ]);
});
