import { lstat } from 'node:fs/promises';
import { AgentRuntimeError, type PlaneEvent } from '@runtime/contracts';
import type { TaskState, WorktreeState } from '@runtime/contracts/fold';
import { planeStream } from '@runtime/contracts/log';
import type { PlaneContext } from '../task/context.ts';
import { preserve, refOf } from './preserve.ts';

/**
 * Removes the worktree of an ended task, once everything that is in it now is preserved and the log says where. After a
 * death on the way the same call ends it. Throws CONFLICT where something in it cannot be preserved or a process is at
 * work there, and leaves it then; UNAVAILABLE and others where its repository cannot be used.
 */
export async function releaseWorktree(ctx: PlaneContext, { id, worktree }: TaskState): Promise<void> {
  if (!worktree || !(await isAnythingLeft(worktree))) return;
  const { removeWorktree } = await import('@runtime/worktrees');
  const options = { signal: ctx.closing, env: ctx.environment };
  const ref = refOf(id);
  const commit = await commitOf(ctx, id, worktree);
  if (commit !== undefined) {
    const { repository, dir } = worktree;
    const event: PlaneEvent = { type: 'worktree.released', taskId: id, repository, dir, ref, commit };
    await ctx.log.append(planeStream, [event]);
  }
  await ctx.failpoint('worktree.released');
  await removeWorktree({ worktree, preserved: ref, branch: 'remove' }, options);
}

/** The commit that keeps what is there; undefined where an earlier call has begun to remove it, or the files are gone. */
async function commitOf(ctx: PlaneContext, id: string, worktree: WorktreeState): Promise<string | undefined> {
  try {
    const { kept } = await preserve({ ctx, id }, worktree, { ref: refOf(id), what: 'at its removal' }, ctx.closing);
    return kept.commit;
  } catch (thrown) {
    if (AgentRuntimeError.isInstance(thrown) && thrown.code === 'NOT_FOUND') return worktree.preserved?.commit;
    throw thrown;
  }
}

/** Where the repository and the files are both gone, there is nothing to remove. */
async function isAnythingLeft({ dir, repository }: WorktreeState): Promise<boolean> {
  const found = await Promise.all([dir, repository].map((path) => lstat(path).catch(() => undefined)));
  return found.some((each) => each !== undefined);
}
