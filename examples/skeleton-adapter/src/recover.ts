import { inspectRun, refuseForeign } from '@runtime/adapter-kit/run';
import { throwIfAborted } from '@runtime/contracts';
import type { RecoverOptions, Recovery, RuntimeHandle } from '@runtime/contracts/adapter';
import type { ParrotSettings } from './options.ts';
import { parrotSession } from './parrot-session.ts';
import { readLaunchRecord } from './run-files.ts';

// #region skeleton-recover
/** As `RuntimeAdapter.recover`. Another process calls it: everything that it needs is in the run's directory. */
export async function recoverParrot(
  { id }: ParrotSettings,
  handle: RuntimeHandle,
  { signal, secrets = [] }: RecoverOptions = {},
): Promise<Recovery> {
  throwIfAborted(signal);
  refuseForeign(handle, id);
  const found = await inspectRun(handle, signal ? { signal } : {});
  // `absent` is a promise that nothing begins any more: `inspectRun` took the claim.
  if (found.state === 'absent') return { status: 'absent' };
  if (found.state === 'unknowable') return { status: 'unknowable', reason: found.reason };
  const record = await readLaunchRecord(handle.runDir);
  if (!record) return { status: 'unknowable', reason: 'the record of the launch is missing or damaged' };
  // A holder that died before it had a record had not executed the agent yet.
  const hasBegun = found.state !== 'dead' || found.holder !== undefined;
  return { status: found.state, session: parrotSession({ handle, record, secrets, hasBegun }) };
}
// #endregion
