import { AgentRuntimeError, type ErrorCode, type FailedOutcome } from '@runtime/contracts';
import type { NextAttempt, TaskState, WorktreeState } from '@runtime/contracts/fold';
import { directoryOf } from '../task/directory.ts';
import type { Task } from '../task/task.ts';
import { Watch } from '../task/watch.ts';
import { preserve, refOf } from './preserve.ts';

/** With these codes it could be tried for ever. */
const ownFault: ReadonlySet<ErrorCode> = new Set(['INVALID_ARGUMENT', 'NOT_FOUND', 'CONFLICT', 'PERMISSION_DENIED']);

/**
 * Makes the worktree of a task before its first run, and takes it back to its base before one that starts over where
 * the task asks for that. Resolves with why neither can be; undefined also where the task is cancelled meanwhile. An
 * owner that dies on the way is followed by one that does the same again.
 * Throws EXHAUSTED while the disk is full, and what ends with the plane.
 */
export async function prepareWorktree(task: Task, next: NextAttempt): Promise<FailedOutcome | undefined> {
  const { ctx, state } = task;
  const { worktree } = state;
  if (!state.spec.worktree) return undefined;
  using watch = new Watch(task, ({ state: { cancel } }) => (cancel ? { found: cancel } : { wakeAt: undefined }));
  const signal = AbortSignal.any([watch.signal, ctx.closing]);
  try {
    if (!worktree) await add(task, state.spec.worktree.commit, signal);
    else if (isRestored(state, next)) await restore(task, worktree, signal);
    return undefined;
  } catch (thrown) {
    const { code, rawMessage, hint } = AgentRuntimeError.from(thrown);
    if (ctx.closing.aborted || code === 'EXHAUSTED') throw thrown;
    if (task.state.cancel) return undefined;
    const message = `The worktree cannot be prepared: ${rawMessage}${hint === undefined ? '' : ` (${hint})`}`;
    return {
      status: 'failed',
      code: ownFault.has(code) ? 'invalid_request' : 'unavailable',
      message: message.slice(0, 8192),
    };
  }
}

async function add(task: Task, base: string, signal: AbortSignal): Promise<void> {
  const { ctx, id, state } = task;
  const { addWorktree } = await import('@runtime/worktrees');
  await ctx.failpoint('worktree.before');
  const worktree = await addWorktree(
    {
      repository: state.spec.workspace,
      dir: directoryOf(task),
      branch: `runtime/${id}`,
      base,
      owner: `runtime task ${id}`,
    },
    { signal, env: ctx.environment },
  );
  await ctx.failpoint('worktree.made');
  await task.record(() => [{ type: 'worktree.added', worktree }]);
}

/** What a run left that failed is in the way of one that starts over; what succeeded is gone on with. */
function isRestored({ spec, runs, worktree }: TaskState, { mode }: NextAttempt): boolean {
  const hasBegun = runs.slice(worktree?.restoredAfter ?? 0).some(({ turns }) => turns > 0);
  const isAnew = mode === 'restart' || mode === 'degrade';
  return spec.onRestart === 'restore' && isAnew && hasBegun && runs.at(-1)?.outcome?.status !== 'succeeded';
}

async function restore(task: Task, worktree: WorktreeState, signal: AbortSignal): Promise<void> {
  const { ctx, id, state } = task;
  const { restoreWorktree } = await import('@runtime/worktrees');
  const ref = refOf(id, `run-${state.runs.length}`);
  const keep = async (): Promise<void> => {
    const what = `before run ${state.runs.length + 1}`;
    const { event } = await preserve(task, worktree, { ref, what }, signal);
    await task.record(() => [event]);
    await ctx.failpoint('worktree.preserved');
  };
  const goBack = async (): Promise<unknown> =>
    restoreWorktree({ worktree, preserved: ref }, { signal, env: ctx.environment });
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
