import { AgentRuntimeError } from '@runtime/contracts';
import { specVersion, type RuntimeHandle } from '@runtime/contracts/adapter';

/**
 * Refuses a handle that is of another runtime than `id`, or of another version of the contract: INVALID_ARGUMENT.
 * Call it first in `start` and in `recover`: a look at a run takes its claim when it is free, so another adapter's
 * run must not even be looked at.
 * `reap` takes any handle: its one duty is that no process with the run's marker is left.
 */
export function refuseForeign(handle: RuntimeHandle, id: string): void {
  if (handle.runtime !== id) {
    throw new AgentRuntimeError('INVALID_ARGUMENT', `the run belongs to runtime ${handle.runtime}, not to ${id}`);
  }
  // Handles come out of logs that other versions wrote: the type alone proves nothing.
  const version: string = handle.specVersion;
  if (version === specVersion) return;
  throw new AgentRuntimeError(
    'INVALID_ARGUMENT',
    `the run is of version ${version} of the adapter contract, not of ${specVersion}`,
    {
      hint: 'continue it with the version of this software that started it',
    },
  );
}
