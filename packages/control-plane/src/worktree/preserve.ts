import type { TaskEventOf, WorktreeOfTask } from '@runtime/contracts';
import type { Preserved } from '@runtime/worktrees';
import type { Task } from '../task/task.ts';

const maxTold = 50;

/** Everything that a task leaves is kept by this ref of its repository, and by others beside it. */
export const refOf = (taskId: string, part = 'end'): string => `refs/runtime/preserved/${taskId}/${part}`;

/** Keeps everything in a worktree, and says so as an event. */
export async function preserve(
  { ctx, id }: Pick<Task, 'ctx' | 'id'>,
  worktree: WorktreeOfTask,
  { ref, what }: { readonly ref: string; readonly what: string },
  signal: AbortSignal,
): Promise<{ readonly kept: Preserved; readonly event: TaskEventOf<'worktree.preserved'> }> {
  const { preserveWorktree } = await import('@runtime/worktrees');
  const message = `The worktree of task ${id}, ${what}`;
  const kept = await preserveWorktree({ worktree, ref, message }, { signal, env: ctx.environment });
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
