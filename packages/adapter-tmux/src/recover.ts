import { isAlive } from '@runtime/adapter-kit/process';
import { inspectRun, openRegular, readExitRecord, refuseForeign } from '@runtime/adapter-kit/run';
import { AgentRuntimeError, throwIfAborted, type CallOptions } from '@runtime/contracts';
import type { RecoverOptions, Recovery, RuntimeHandle } from '@runtime/contracts/adapter';
import { endEverything, endOrphans } from './end.ts';
import { appendNote } from './notes.ts';
import type { TmuxSettings } from './options.ts';
import { readLaunchRecord, readTmuxHolder, tmuxRunFiles, type LaunchRecord } from './run-files.ts';
import { openSession, type TmuxSession } from './tmux-session.ts';

/**
 * As `RuntimeAdapter.recover`. The look has effects: a run that has not begun is shut out, and one whose terminal is
 * gone is ended.
 */
export async function recoverTmux(
  settings: TmuxSettings,
  handle: RuntimeHandle,
  options: RecoverOptions = {},
): Promise<Recovery> {
  throwIfAborted(options.signal);
  refuseForeign(handle, settings.id);
  const status = await lookAt(handle, options);
  if (typeof status !== 'string') return status;
  if (status === 'absent') {
    // A holder that came too late leaves by itself; nothing has to wait for it.
    await endEverything(handle);
    return { status };
  }
  const record = await readLaunchRecord(handle.runDir);
  if (!record) return { status: 'unknowable', reason: 'the run is not of this runtime, or its tmux.json is damaged' };
  const session = await openSession({ handle, record, secrets: options.secrets ?? [] });
  const isUntyped = await session.settleTyping();
  if (isUntyped && status === 'live') void typeLate(session, handle, record, settings);
  return { status, session };
}

type Status = 'live' | 'ended' | 'dead' | 'absent';

async function lookAt(
  handle: RuntimeHandle,
  { signal }: CallOptions,
): Promise<Status | (Recovery & { status: 'unknowable' })> {
  const found = await inspectRun(handle, signal ? { signal } : {});
  if (found.state === 'unknowable') return { status: 'unknowable', reason: found.reason };
  if (found.state === 'absent' || found.state === 'ended') return found.state;
  const holder = await readTmuxHolder(handle.runDir);
  if (found.state === 'live' && holder && (await isAlive(holder.server))) return 'live';
  // Without holder or terminal the agent's output and exit cannot be recorded any more.
  await endOrphans(handle);
  return (await readExitRecord(handle.runDir)) ? 'ended' : 'dead';
}

async function readPrompt(runDir: string): Promise<string> {
  const file = tmuxRunFiles(runDir).prompt;
  const handle = await openRegular(file);
  if (!handle) throw new AgentRuntimeError('NOT_FOUND', `there is no file ${file}`);
  try {
    return await handle.readFile('utf8');
  } finally {
    await handle.close();
  }
}

/** Types the first instruction where an earlier owner died before it did. Recovery does not wait for it. */
async function typeLate(
  session: TmuxSession,
  { runDir }: RuntimeHandle,
  { instructionId }: LaunchRecord,
  { readyTimeoutMs }: TmuxSettings,
): Promise<void> {
  try {
    await session.typeFirst(await readPrompt(runDir), readyTimeoutMs);
  } catch (thrown) {
    const { code, rawMessage: reason } = AgentRuntimeError.from(thrown, 'UNAVAILABLE');
    // What may have been typed is noted as unknown already; a session that was let go leaves the rest to the next owner.
    if (code === 'OUTCOME_UNKNOWN' || code === 'CANCELLED') return;
    const event = { type: 'instruction.declined', instructionId, reason: reason.slice(0, 2000) } as const;
    await appendNote(runDir, { kind: 'event', event }).catch(() => {}); // the directory is gone: so is the run
  }
}
