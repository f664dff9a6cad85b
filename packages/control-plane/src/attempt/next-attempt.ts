import { currentRun, openApprovals, type NextAttempt, type TaskState } from '@runtime/contracts/fold';

/** The attempt that a task waits for when none of its runs is open. The first attempt needs no event of its own. */
export function nextAttempt(state: TaskState): NextAttempt | undefined {
  if (state.next) return state.next;
  const untouched = state.runs.length === 0 && state.rejected.length === 0;
  const target = state.spec.runtimes[0];
  if (!untouched || !target) return undefined;
  const mode = state.spec.continueOf === undefined ? 'start' : 'resume';
  return { notBefore: 0, attempt: 1, mode, target, reason: 'submitted' };
}

/** Whether the task is ready for the scheduler. */
export function isQueued(state: TaskState): boolean {
  return (
    !state.outcome &&
    !state.cancel &&
    !currentRun(state) &&
    openApprovals(state).length === 0 &&
    nextAttempt(state) !== undefined
  );
}
