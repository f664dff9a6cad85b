import type { TaskEventOf, WorktreeOfTask } from '@runtime/contracts';
import type { Preserved } from '@runtime/worktrees';
import type { GitOptions } from './git-options.ts';

const maxTold = 50;

/** Everything that a task leaves is kept by this ref of its repository, and by others beside it. */
export const refOf = (taskId: string, part = 'end'): string => `refs/runtime/preserved/${taskId}/${part}`;

/** Keeps everything in the worktree of a task, and says so as an event. */
export async function preserve(
  taskId: string,
  worktree: WorktreeOfTask,
  { ref, what }: { readonly ref: string; readonly what: string },
  options: GitOptions,
): Promise<{ readonly kept: Preserved; readonly event: TaskEventOf<'worktree.preserved'> }> {
  const { preserveWorktree } = await import('@runtime/worktrees');
  const message = `The worktree of task ${taskId}, ${what}`;
  const kept = await preserveWorktree({ worktree, ref, message }, options);
  const told = kept.unpreserved.slice(0, maxTold).map(({ path, why }) => ({ path: path.slice(0, 4096), why }));
  return {
    kept,
    event: {
      type: 'worktree.preserved',
      ref,
      commit: kept.commit,
      changed: kept.changed,
      ignored: kept.ignored.count,
      ...(told.length > 0 ? { unpreserved: told } : {}),
    },
  };
}
