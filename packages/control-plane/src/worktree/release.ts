import { lstat } from 'node:fs/promises';
import { AgentRuntimeError, type PlaneEvent, type WorktreeOfTask } from '@runtime/contracts';
import { planeStream } from '@runtime/contracts/log';
import type { PlaneContext } from '../task/context.ts';
import type { GitOptions } from './git-options.ts';
import { preserve, refOf } from './preserve.ts';

/** The worktree of an ended task. */
export interface OwnedWorktree {
  readonly taskId: string;
  readonly worktree: WorktreeOfTask;
}

/**
 * Preserves a worktree, and throws where it cannot be removed: CONFLICT where something in it cannot be preserved or a
 * process is at work there; UNAVAILABLE and others where its repository cannot be used.
 */
export async function expectReleasable(ctx: PlaneContext, owned: OwnedWorktree): Promise<void> {
  const { worktree, taskId } = owned;
  if (!(await isAnythingLeft(worktree))) return;
  const { removeWorktree } = await import('@runtime/worktrees');
  await commitOf(ctx, owned);
  await removeWorktree({ worktree, preserved: refOf(taskId), check: true }, optionsOf(ctx));
}

/**
 * Removes a worktree, once everything that is in it now is preserved and the log says where. After a death on the way the
 * same call ends it.
 */
export async function releaseWorktree(ctx: PlaneContext, owned: OwnedWorktree): Promise<void> {
  const { worktree, taskId } = owned;
  if (!(await isAnythingLeft(worktree))) return;
  const { removeWorktree } = await import('@runtime/worktrees');
  const ref = refOf(taskId);
  const commit = await commitOf(ctx, owned);
  if (commit !== undefined) {
    const { repository, dir } = worktree;
    const event: PlaneEvent = { type: 'worktree.released', taskId, repository, dir, ref, commit };
    await ctx.log.append(planeStream, [event]);
  }
  await ctx.failpoint('worktree.released');
  const request = { worktree, preserved: ref, branch: 'remove' } as const;
  await removeWorktree(request, optionsOf(ctx));
}

/** The variables of an ended task are gone. */
const optionsOf = ({ closing: signal, environment: env }: PlaneContext): GitOptions => ({ signal, env });

/** The commit that keeps what is there; undefined where an earlier call has begun to remove it, or the files are gone. */
async function commitOf(ctx: PlaneContext, { taskId, worktree }: OwnedWorktree): Promise<string | undefined> {
  if (!(await isThere(worktree.gitDir))) return undefined;
  try {
    const what = { ref: refOf(taskId), what: 'at its removal' };
    const { kept } = await preserve(taskId, worktree, what, optionsOf(ctx));
    return kept.commit;
  } catch (thrown) {
    if (AgentRuntimeError.isInstance(thrown) && thrown.code === 'NOT_FOUND') return undefined;
    throw thrown;
  }
}

/** Where the repository and the files are both gone, there is nothing to remove. */
async function isAnythingLeft({ dir, repository }: WorktreeOfTask): Promise<boolean> {
  return (await isThere(dir)) || isThere(repository);
}

async function isThere(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => undefined)) !== undefined;
}
