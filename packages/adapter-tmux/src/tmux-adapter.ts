import { readFile } from 'node:fs/promises';
import { abortable } from '@runtime/contracts';
import { isAlive } from '@runtime/adapter-kit/process';
import { inspectRun, readExitRecord, refuseForeign } from '@runtime/adapter-kit/run';
import { instructionText, throwIfAborted, type CallOptions } from '@runtime/contracts';
import {
  specVersion,
  type Launch,
  type RecoverOptions,
  type Recovery,
  type RuntimeAdapter,
  type RuntimeHandle,
} from '@runtime/contracts/adapter';
import { endEverything, endOrphans, endRun } from './end.ts';
import { appendNote } from './notes.ts';
import { settingsOf, type TmuxOptions, type TmuxSettings } from './options.ts';
import { probeTmux } from './probe.ts';
import { readPlan, readTmuxHolder, tmuxPaths, type Plan } from './run-files.ts';
import { startRun } from './start.ts';
import { TmuxSession } from './tmux-session.ts';

/** What reap leaves between TERM and KILL. */
const reapGraceMs = 1000;

/**
 * Runs a terminal program as an agent, each run in a tmux server of its own: it outlives us, a person can join it (`attachCommand`),
 * every byte it shows is recorded, and its exit code is its own.
 * Throws INVALID_ARGUMENT for options that contradict each other.
 */
export function tmux(options: TmuxOptions): RuntimeAdapter {
  const settings = settingsOf(options);
  return {
    specVersion,
    id: settings.id,
    async probe(call: CallOptions = {}) {
      throwIfAborted(call.signal);
      return probeTmux(settings, call);
    },
    start: (launch, call = {}) => start(launch, settings, call),
    recover: (handle, call = {}) => recover(handle, settings, call),
    async reap(handle, call = {}) {
      throwIfAborted(call.signal);
      await abortable(endRun(handle, reapGraceMs), call.signal);
    },
  };
}

async function start(launch: Launch, settings: TmuxSettings, call: CallOptions): Promise<TmuxSession> {
  throwIfAborted(call.signal);
  const { handle, secrets } = launch;
  refuseForeign(handle, settings.id);
  const plan = await startRun(launch, settings, call);
  try {
    const session = await openSession(handle, plan, secrets);
    if (await session.settleTyping()) {
      await session.typeFirst(instructionText(launch.instruction.parts), settings.readyTimeoutMs, call.signal);
    }
    throwIfAborted(call.signal);
    return session;
  } catch (error) {
    await endEverything(handle);
    throw error;
  }
}

async function openSession(handle: RuntimeHandle, plan: Plan, secrets: readonly string[]): Promise<TmuxSession> {
  const holder = await readTmuxHolder(handle.runDir);
  return new TmuxSession({ handle, plan, secrets }, holder ? `tmux ${holder.tmux}` : 'unknown');
}

async function recover(handle: RuntimeHandle, settings: TmuxSettings, options: RecoverOptions): Promise<Recovery> {
  throwIfAborted(options.signal);
  refuseForeign(handle, settings.id);
  const status = await lookAt(handle, options);
  if (typeof status !== 'string') return status;
  if (status === 'absent') {
    // A holder that came too late leaves by itself; nobody has to wait for it.
    await endEverything(handle);
    return { status };
  }
  const plan = await readPlan(handle.runDir);
  if (!plan) return { status: 'unknowable', reason: 'the run is not of this runtime, or its tmux.json is damaged' };
  const session = await openSession(handle, plan, options.secrets ?? []);
  const isUntyped = await session.settleTyping();
  if (isUntyped && status === 'live') void typeLate(session, handle, plan, settings);
  return { status, session };
}

type Status = 'live' | 'ended' | 'dead' | 'absent';

async function lookAt(
  handle: RuntimeHandle,
  { signal }: CallOptions,
): Promise<Status | (Recovery & { status: 'unknowable' })> {
  const options = signal ? { signal } : {};
  const found = await inspectRun(handle, options);
  if (found.state === 'unknowable') return { status: 'unknowable', reason: found.reason };
  if (found.state === 'absent' || found.state === 'ended') return found.state;
  const holder = await readTmuxHolder(handle.runDir);
  if (found.state === 'live' && holder && (await isAlive(holder.server))) return 'live';
  // Holder or terminal is gone: nobody can see the agent, and nothing of it is recorded any more.
  await endOrphans(handle);
  return (await readExitRecord(handle.runDir)) ? 'ended' : 'dead';
}

/** An owner that died before it typed the first instruction left that to us; recovery does not wait for it. */
async function typeLate(
  session: TmuxSession,
  handle: RuntimeHandle,
  { instructionId }: Plan,
  settings: TmuxSettings,
): Promise<void> {
  try {
    const text = await readFile(tmuxPaths(handle.runDir).prompt, 'utf8');
    await session.typeFirst(text, settings.readyTimeoutMs);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const event = { type: 'instruction.declined', instructionId, reason: reason.slice(0, 2000) } as const;
    await appendNote(handle.runDir, { kind: 'event', event }).catch(() => {}); // the directory is gone: so is the run
  }
}
