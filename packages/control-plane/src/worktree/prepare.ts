import {
  AgentRuntimeError,
  messageWithHint,
  type ErrorCode,
  type FailedOutcome,
  type WaitingFor,
} from '@runtime/contracts';
import type { NewWorktree } from '@runtime/worktrees';
import type { NextAttempt, TaskState, WorktreeState } from '@runtime/contracts/fold';
import type { Task } from '../task/task.ts';
import { Watch, type Look } from '../task/watch.ts';
import { isNoRoom } from '../waiting/disk-room.ts';
import { gitOptions, type GitOptions } from './git-options.ts';
import { planned } from './plan.ts';
import { preserve, refOf } from './preserve.ts';

/** With these codes it could be tried for ever. */
const ownFault: ReadonlySet<ErrorCode> = new Set(['INVALID_ARGUMENT', 'NOT_FOUND', 'CONFLICT', 'PERMISSION_DENIED']);

/** Why a worktree is not ready: the task is cancelled or its time is over, it waits, or it ends with this outcome. */
export type Unready =
  | { readonly kind: 'over' }
  | { readonly kind: 'waits'; readonly for: WaitingFor }
  | { readonly kind: 'ends'; readonly outcome: FailedOutcome };

/**
 * Makes the worktree of a task before its first run, and takes it back to its base before one that starts over where
 * the task asks for that. Undefined when it is ready. An owner that dies on the way is followed by one that does the same
 * again. Throws what ends with the plane, and what is a fault of ours.
 */
export async function prepareWorktree(task: Task, next: NextAttempt): Promise<Unready | undefined> {
  const { ctx, state } = task;
  const { spec, worktree } = state;
  const plan = planned(task);
  if (!plan) return undefined;
  const isRestoring = worktree !== undefined && isRestored(state, next);
  if (worktree && !isRestoring) return undefined;
  const deadline = spec.deadlineMs === undefined ? undefined : state.submittedAt + spec.deadlineMs;
  using watch = new Watch(task, (latest) => endOf(latest, deadline));
  const options = await gitOptions(task, AbortSignal.any([watch.signal, ctx.closing]));
  try {
    if (worktree) await restore(task, worktree, options);
    else await add(task, plan, options);
    return undefined;
  } catch (thrown) {
    // What no package foresaw is ours: the task is set aside.
    if (ctx.closing.aborted || !AgentRuntimeError.isInstance(thrown)) throw thrown;
    if (watch.found) return { kind: 'over' };
    const text = `The worktree cannot be prepared: ${messageWithHint(thrown)}`;
    if (isNoRoom(thrown)) return { kind: 'waits', for: { kind: 'disk', text: text.slice(0, 2000) } };
    const why = ownFault.has(thrown.code) ? 'invalid_request' : 'unavailable';
    return { kind: 'ends', outcome: { status: 'failed', code: why, message: text.slice(0, 8192) } };
  }
}

/** The task is cancelled, or its time is over. */
function endOf({ ctx, state: { cancel } }: Task, deadline: number | undefined): Look<true> {
  const isOver = cancel !== undefined || (deadline !== undefined && ctx.clock() >= deadline);
  return isOver ? { found: true } : { wakeAt: deadline };
}

async function add(task: Task, plan: NewWorktree, options: GitOptions): Promise<void> {
  const { ctx } = task;
  const { addWorktree } = await import('@runtime/worktrees');
  await ctx.failpoint('worktree.before');
  const worktree = await addWorktree(plan, options);
  await ctx.failpoint('worktree.made');
  await task.record(() => [{ type: 'worktree.added', worktree }]);
}

/** What a run left that failed is in the way of one that starts over; what succeeded is gone on with. */
function isRestored({ spec, runs, worktree }: TaskState, { mode }: NextAttempt): boolean {
  const hasBegun = runs.slice(worktree?.restoredAfter ?? 0).some(({ turns }) => turns > 0);
  const isAnew = mode === 'restart' || mode === 'degrade';
  return spec.onRestart === 'restore' && isAnew && hasBegun && runs.at(-1)?.outcome?.status !== 'succeeded';
}

async function restore(task: Task, worktree: WorktreeState, options: GitOptions): Promise<void> {
  const { ctx, id, state } = task;
  const { restoreWorktree } = await import('@runtime/worktrees');
  const ref = refOf(id, `run-${state.runs.length}`);
  const keep = async (): Promise<void> => {
    const what = `before run ${state.runs.length + 1}`;
    const { event } = await preserve(id, worktree, { ref, what }, options);
    await task.record(() => [event]);
    await ctx.failpoint('worktree.preserved');
  };
  const goBack = async (): Promise<unknown> => restoreWorktree({ worktree, preserved: ref }, options);
  // An owner that died may have begun to restore it: the ref is to keep what was there, and not what is.
  if (worktree.preserved?.ref === ref) {
    await goBack().catch(async (thrown: unknown) => {
      if (AgentRuntimeError.from(thrown).code !== 'CONFLICT') throw thrown;
      await keep();
      await goBack();
    });
  } else {
    await keep();
    await goBack();
  }
  await ctx.failpoint('worktree.restored');
  await task.record(() => [{ type: 'worktree.restored', base: worktree.base }]);
}
