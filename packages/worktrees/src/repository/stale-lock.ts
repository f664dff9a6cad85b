import { lstat, unlink } from 'node:fs/promises';
import { processesIn } from '../system/processes.ts';
import type { GitContext } from '../git/context.ts';
import { lockOf } from '../git/locks.ts';

/**
 * Runs what needs a lock that only this package takes, or a git in a worktree in which no process is: `isOurs` knows
 * them by their paths. One that has not changed while it was waited for, and that no process has open, was left by a git that was killed: it is removed,
 * once. Where processes cannot be looked at, it stays.
 */
export async function ofOurs<T>(
  context: GitContext,
  isOurs: (lock: string) => boolean,
  run: () => Promise<T>,
): Promise<T> {
  try {
    return await run();
  } catch (error) {
    const lock = lockOf(error);
    if (lock === undefined || !isOurs(lock) || !(await isStale(lock, context.lockTimeoutMs))) throw error;
    await context.around('remove a lock', () => unlink(lock));
    return run();
  }
}

async function isStale(lock: string, waitedMs: number): Promise<boolean> {
  const found = await lstat(lock).catch(() => undefined);
  if (found === undefined || !found.isFile()) return false;
  if (Date.now() - Math.max(found.mtimeMs, found.ctimeMs) < waitedMs) return false;
  const { looked, processes } = await processesIn(lock);
  return looked && processes.length === 0;
}
