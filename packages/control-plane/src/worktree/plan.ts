import type { NewWorktree } from '@runtime/worktrees';
import { directoryOf } from '../task/directory.ts';
import type { Task } from '../task/task.ts';

/** The worktree that a task asks for: the same one, whoever owns the plane. */
export function planned(task: Task): NewWorktree | undefined {
  const { worktree, workspace: repository } = task.state.spec;
  return (
    worktree && {
      repository,
      dir: directoryOf(task),
      branch: `runtime/${task.id}`,
      base: worktree.commit,
      owner: `runtime task ${task.id}`,
    }
  );
}
