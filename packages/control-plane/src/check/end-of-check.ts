import type { Check, CheckCause } from '@runtime/contracts';
import type { CheckState } from '@runtime/contracts/fold';
import type { PlaneContext } from '../task/context.ts';
import type { Task } from '../task/task.ts';
import type { Look } from '../task/watch.ts';
import { earliest } from '../waiting/clock.ts';

/** Why a check has to end, and since when (Unix ms). */
interface End {
  readonly cause: CheckCause;
  readonly at: number;
}

/** Whether a check has to end, whatever it does: a cancel, the task's deadline, its own limit. */
export function endOfCheck({ state, ctx }: Task, check: CheckState, spec: Check): Look<End> {
  const {
    cancel,
    spec: { deadlineMs },
    submittedAt,
  } = state;
  const now = ctx.clock();
  const deadline = deadlineMs === undefined ? undefined : submittedAt + deadlineMs;
  const limit = limitOfCheck(ctx, check, spec);
  if (cancel) return { found: { cause: 'cancel', at: now } };
  if (deadline !== undefined && now >= deadline) return { found: { cause: 'deadline', at: deadline } };
  if (now >= limit) return { found: { cause: 'timeout', at: limit } };
  return { wakeAt: earliest(deadline, limit) };
}

/** Unix ms; a machine that sleeps gives it more time. */
export const limitOfCheck = (
  { skippedSince }: Pick<PlaneContext, 'skippedSince'>,
  { startedAt }: CheckState,
  { timeoutMs }: Check,
): number => startedAt + timeoutMs + skippedSince(startedAt);
