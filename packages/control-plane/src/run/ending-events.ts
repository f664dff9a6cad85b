import type { RunOutcome } from '@runtime/contracts';
import type { Exit } from '@runtime/contracts/adapter';
import { openApprovals, type RunState, type TaskState } from '@runtime/contracts/fold';
import type { NewEvent } from '@runtime/contracts/log';

/** That a run is to be ended, once. */
export function stopping(run: RunState | undefined, cause: string): NewEvent[] {
  return run && run.status !== 'stopping' ? [{ type: 'run.stopping', runId: run.runId, cause }] : [];
}

/** What a run asked for is over with it, and everything with its task: an answer that comes later must not authorise anything. */
export function closedApprovals(state: TaskState, runId?: string): NewEvent[] {
  return openApprovals(state)
    .filter((approval) => runId === undefined || approval.runId === runId)
    .map(({ id }): NewEvent => ({
      type: 'approval.resolved',
      approvalId: id,
      resolution: { kind: 'cancelled' },
      by: 'plane',
    }));
}

/** The end of a run, after what it left open. */
export function runEnded(state: TaskState, runId: string, outcome: RunOutcome, exit: Exit): NewEvent[] {
  return [...closedApprovals(state, runId), { type: 'run.ended', runId, outcome, exit }];
}
