import { specVersion, type RuntimeHandle } from '@runtime/contracts/adapter';
import { expect, it } from 'vitest';
import { refuseForeign } from '../../src/run/index.ts';

const handle: RuntimeHandle = {
  specVersion,
  runtime: 'mine',
  taskId: 'task-1',
  runId: 'run-1',
  generation: 1,
  runDir: '/nowhere',
  survivesHost: true,
};

it('takes a handle of its own runtime and refuses another one', () => {
  expect(() => refuseForeign(handle, 'mine')).not.toThrow();
  expect(() => refuseForeign(handle, 'other')).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
});

it('refuses a handle of another version of the contract', () => {
  const newer: RuntimeHandle = Object.assign({ ...handle }, { specVersion: 'runtime/2' });
  expect(() => refuseForeign(newer, 'mine')).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
});
