// A child that does one operation on the repository of its arguments, and kills itself at a step, or is killed.
import {
  addWorktree,
  preserveWorktree,
  removeWorktree,
  restoreWorktree,
  type NewWorktree,
  type Worktree,
} from '../../src/index.ts';
import { stopAt } from '../../src/testing.ts';

export interface Life {
  readonly operation: 'add' | 'preserve' | 'remove' | 'restore';
  readonly wanted: NewWorktree;
  readonly worktree?: Worktree;
  readonly ref: string;
  readonly point: number;
}

const life: Life = JSON.parse(process.argv[2] ?? '{}');
const { around } = stopAt(life.point, () => process.kill(process.pid, 'SIGKILL'));
const options = { around, lockTimeoutMs: 5000 };
const { worktree, ref } = life;
if (life.operation === 'add') await addWorktree(life.wanted, options);
if (worktree && life.operation === 'preserve') await preserveWorktree({ worktree, ref, message: 'kept' }, options);
if (worktree && life.operation === 'restore') await restoreWorktree({ worktree, preserved: ref }, options);
if (worktree && life.operation === 'remove')
  await removeWorktree({ worktree, preserved: ref, branch: 'remove' }, options);
