import { inspectRun, refuseForeign } from '@runtime/adapter-kit/run';
import { throwIfAborted } from '@runtime/contracts';
import type { RecoverOptions, Recovery, RuntimeHandle } from '@runtime/contracts/adapter';
import { localSession } from './local-session.ts';
import type { LocalSettings } from './options.ts';
import { readLaunchRecord } from './run-files.ts';

/** As `RuntimeAdapter.recover`. The look has an effect: a run that has not begun is shut out. */
export async function recoverLocal(
  { id }: LocalSettings,
  handle: RuntimeHandle,
  { signal, secrets = [] }: RecoverOptions = {},
): Promise<Recovery> {
  throwIfAborted(signal);
  refuseForeign(handle, id);
  const found = await inspectRun(handle, signal ? { signal } : {});
  if (found.state === 'absent') return { status: 'absent' };
  if (found.state === 'unknowable') return { status: 'unknowable', reason: found.reason };
  const record = await readLaunchRecord(handle.runDir);
  if (!record) return { status: 'unknowable', reason: 'the record of the launch is missing or damaged' };
  // A holder that died before it had a record had not executed the command yet.
  const began = found.state !== 'dead' || found.holder !== undefined;
  const run = { handle, instructionId: record.instructionId, secrets, began };
  return { status: found.state, session: localSession(run, record.agentVersion) };
}
