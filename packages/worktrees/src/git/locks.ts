import { setTimeout as sleep } from 'node:timers/promises';
import type { ProgramResult } from '@runtime/adapter-kit/process';
import { AgentRuntimeError, throwIfAborted } from '@runtime/contracts';
import type { GitContext } from './context.ts';

const firstDelayMs = 20;
const longestDelayMs = 1000;

/** The lock that another git has, from what git said. */
function lockIn(stderr: string): string | undefined {
  return /Unable to create '(.+\.lock)': File exists/.exec(stderr)?.[1];
}

/** Runs it again while a lock is in its way: nothing has happened then. Throws UNAVAILABLE with the lock's path. */
export async function whileLocked<Result extends Pick<ProgramResult, 'code' | 'stderr'>>(
  context: GitContext,
  run: () => Promise<Result>,
): Promise<Result> {
  const until = Date.now() + context.lockTimeoutMs;
  for (let delay = firstDelayMs; ; delay = Math.min(delay * 2, longestDelayMs)) {
    const result = await run();
    const lock = result.code === 0 ? undefined : lockIn(result.stderr);
    if (lock === undefined) return result;
    // To the end: whether the lock was left by somebody shows by its age.
    const left = until - Date.now();
    if (left <= 0) throw locked(lock);
    await pause(Math.min(delay, left), context.signal);
  }
}

/** Waits, or throws what `signal` says. */
export async function pause(delayMs: number, signal: AbortSignal | undefined): Promise<void> {
  await sleep(delayMs, undefined, signal ? { signal } : {}).catch(() => undefined);
  throwIfAborted(signal);
}

const locked = (lock: string): AgentRuntimeError =>
  new AgentRuntimeError('UNAVAILABLE', `another git holds ${lock}`, {
    hint: `if no git works in this repository, one was killed: remove ${lock}`,
    details: { reason: 'locked', lock },
  });

/** The lock of which an error of `whileLocked` tells. */
export function lockOf(error: unknown): string | undefined {
  if (!AgentRuntimeError.isInstance(error) || error.details?.reason !== 'locked') return undefined;
  return String(error.details.lock);
}
