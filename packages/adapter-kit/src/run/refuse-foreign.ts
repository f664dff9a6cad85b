import { AgentRuntimeError } from '@runtime/contracts';
import { specVersion, type RuntimeHandle } from '@runtime/contracts/adapter';

/**
 * Throws INVALID_ARGUMENT for a handle of another runtime than `id`, or of another version of the contract.
 * Call it first in `start` and in `recover`: a look at an unclaimed run claims it, so an adapter must not even look at
 * another adapter's run.
 * Do not call it in `reap`, which has to leave no process with the run's marker whatever the handle says.
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
