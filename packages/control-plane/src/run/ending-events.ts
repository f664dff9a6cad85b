import type { RunOutcome, StopCause, TaskEvent, TaskEventOf } from '@runtime/contracts';
import type { Exit } from '@runtime/contracts/adapter';
import { currentRun, type RunState, type TaskState } from '@runtime/contracts/fold';
import { closedApprovals } from '../task/closed-approvals.ts';

/** Records why a run is stopped; nothing when it is being stopped already, since the first cause is kept. */
export function stoppingEvents(run: RunState | undefined, cause: StopCause): TaskEventOf<'run.stopping'>[] {
  return run && run.status !== 'stopping' ? [{ type: 'run.stopping', runId: run.runId, cause }] : [];
}

/** What the agent of a cancelled task had written is not in the log; the files of the run have it. */
export function cutEvents(state: TaskState, runId: string): TaskEvent[] {
  const reason = 'The task was cancelled: the rest of what the agent had written was not read';
  return currentRun(state)?.runId === runId ? [{ type: 'output.gap', runId, source: 'events', reason }] : [];
}

/** The end of a run, after its open approvals are closed. */
export function endedEvents(state: TaskState, runId: string, outcome: RunOutcome, exit: Exit): TaskEvent[] {
  return [...closedApprovals(state, { runId }), { type: 'run.ended', runId, outcome, exit }];
}

/** The exit of a process whose end was not observed. */
export const unobservedExit = (why: string): Exit => ({ kind: 'unknown', why: why.slice(0, 1000) });
