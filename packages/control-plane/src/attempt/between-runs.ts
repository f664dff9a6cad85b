import type { TaskEventOf } from '@runtime/contracts';
import { isBeingChecked, openApprovals, openCheck, type TaskState } from '@runtime/contracts/fold';
import { runCheck } from '../check/run-check.ts';
import { afterCheck, outcomeOfCheck } from './after-check.ts';
import { endTask } from './end-task.ts';
import type { Task } from '../task/task.ts';
import { earliest } from '../waiting/clock.ts';
import { nextAttempt } from './next-attempt.ts';
import { recordStart } from './record-start.ts';
import { scheduleEvents } from './schedule-attempt.ts';
import { nextStep, targetAfter } from './what-follows.ts';

/**
 * One step of a task without an open run: it ends, starts its next attempt, or decides what follows its last run.
 * False when the task waits for its time, its turn or an answer; a timer, the scheduler or the answer wakes it.
 */
export async function betweenRuns(task: Task): Promise<boolean> {
  const { state, ctx } = task;
  const now = ctx.clock();
  const deadline = state.spec.deadlineMs === undefined ? undefined : state.submittedAt + state.spec.deadlineMs;
  // Whatever the task waits for, its process is to end, or to be waited for.
  if (openCheck(state)) return check(task);
  if (state.cancel) return endTask(task, { status: 'cancelled' });
  // What is finished has reached no deadline: its run was held to it.
  const finished = isDecided(state) && !isBeingChecked(state) ? nextStep(state, ctx.random()) : undefined;
  if (finished?.kind === 'end') return endTask(task, outcomeOfCheck(state) ?? finished.outcome);
  if (deadline !== undefined && now >= deadline) {
    return endTask(task, { status: 'timed_out', code: 'timeout', message: 'The task reached its deadline' });
  }
  if (isBeingChecked(state)) return check(task);
  const [approval] = openApprovals(state);
  if (approval) {
    if (approval.expiresAt !== undefined && now >= approval.expiresAt) {
      await task.record(() => [givenUp(approval.id)]);
      return true;
    }
    task.wakeAt(earliest(deadline, approval.expiresAt));
    return false;
  }
  const next = nextAttempt(state);
  if (!next) return decideNext(task);
  if (!task.admitted || next.notBefore > now) {
    task.wakeAt(earliest(deadline, next.notBefore > now ? next.notBefore : undefined));
    task.host.changed(task);
    return false;
  }
  try {
    return await recordStart(task, next);
  } finally {
    // Consumed only now: while the start is prepared the task keeps its place, and must not be given a second one.
    task.admitted = false;
  }
}

/** A task that has no check any more cannot have one open. */
async function check(task: Task): Promise<boolean> {
  const { spec } = task.state;
  return spec.check
    ? runCheck(task, spec.check, (state, ended, told) => afterCheck(task.ctx, state, ended, told))
    : false;
}

/** No attempt, question or run of the task is open. */
const isDecided = (state: TaskState): boolean =>
  state.runs.length > 0 && openApprovals(state).length === 0 && nextAttempt(state) === undefined;

const givenUp = (approvalId: string): TaskEventOf<'approval.resolved'> => ({
  type: 'approval.resolved',
  approvalId,
  resolution: { kind: 'expired', decision: { choice: 'give_up' } },
  by: 'clock',
});

async function decideNext(task: Task): Promise<boolean> {
  const { state, ctx } = task;
  const step = nextStep(state, ctx.random());
  if (step.kind === 'end') return endTask(task, step.outcome);
  const events =
    step.kind === 'ask'
      ? [recoveryQuestion(state, step.reason, ctx.clock() + state.spec.recoveryTimeoutMs)]
      : await scheduleEvents(task, step);
  await task.record(() => events);
  return true;
}

function recoveryQuestion(state: TaskState, reason: string, expiresAt: number): TaskEventOf<'approval.requested'> {
  const run = state.runs.at(-1);
  const hasNext = run !== undefined && targetAfter(state, run.target) !== undefined;
  return {
    type: 'approval.requested',
    approvalId: `recovery-${run?.generation ?? 0}`,
    kind: 'recovery',
    title: 'The run was lost. How should the task go on?',
    message: reason,
    choices: [
      { id: 'restart', label: 'start over on the same runtime', kind: 'allow' },
      ...(hasNext ? [{ id: 'degrade', label: 'start over on the next runtime', kind: 'other' as const }] : []),
      { id: 'give_up', label: 'give up: the task is lost', kind: 'deny' },
    ],
    expiresAt,
  };
}
