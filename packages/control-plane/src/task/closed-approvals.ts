import type { TaskEventOf } from '@runtime/contracts';
import { openApprovals, type TaskState } from '@runtime/contracts/fold';

/** Closes the open approvals of a run, or of the whole task: a later answer must not authorise anything. */
export function closedApprovals(
  state: TaskState,
  { runId, by = 'plane' }: { readonly runId?: string; readonly by?: string } = {},
): TaskEventOf<'approval.resolved'>[] {
  return openApprovals(state)
    .filter((approval) => runId === undefined || approval.runId === runId)
    .map(({ id }) => ({ type: 'approval.resolved', approvalId: id, resolution: { kind: 'cancelled' }, by }));
}
