import { dirname, join } from 'node:path';
import type { Task } from './task.ts';

/** Where the agent of a task works: in its worktree, also before that is made, or in the directory that was named. */
export function directoryOf({ ctx, id, state }: Pick<Task, 'ctx' | 'id' | 'state'>): string {
  const { spec, worktree } = state;
  if (!spec.worktree) return spec.workspace;
  return worktree?.dir ?? join(dirname(ctx.runsDir), 'worktrees', id);
}
