import type { StopCause } from '@runtime/contracts';
import { isKeptOpen, isResting, openApprovals, type RunState, type TaskState } from '@runtime/contracts/fold';

/** Whether a run must be stopped now, and if not, when to look again by the clock. Pure. */
export type RunStep = { readonly stop: StopCause } | { readonly wakeAt: number | undefined };

/** Time that counted for the run's clocks: an open approval stops them. */
function countedMs(run: RunState, now: number): number {
  const paused = run.pausedMs + (run.pausedSince === undefined ? 0 : Math.max(0, now - run.pausedSince));
  return Math.max(0, now - run.startedAt - paused);
}

export function runStep(state: TaskState, run: RunState, now: number): RunStep {
  const { spec } = state;
  if (state.cancel) return { stop: 'cancel' };
  const deadline = spec.deadlineMs === undefined ? undefined : state.submittedAt + spec.deadlineMs;
  if (deadline !== undefined && now >= deadline) return { stop: 'deadline' };
  if (run.outputChars > spec.maxOutputBytes) return { stop: 'output_limit' };
  const resting = isResting(state);
  if (resting && !isKeptOpen(state)) return { stop: state.closeRequested ? 'closed' : 'idle' };
  // Nothing will happen in a session whose opening instruction was refused; and where nobody can tell whether it was taken, perhaps nothing.
  const opening = run.turns === 0 ? state.instructions[run.instructionId]?.level : undefined;
  if (opening === 'declined') return { stop: 'idle' };
  if (opening === 'unknown') return { stop: 'lost_control' };
  const wakes = [deadline];
  if (openApprovals(state).length === 0) {
    if (spec.runTimeoutMs !== undefined && !resting) {
      const left = spec.runTimeoutMs - countedMs(run, now);
      if (left <= 0) return { stop: 'run_timeout' };
      wakes.push(now + left);
    }
    if (spec.idleTimeoutMs !== undefined) {
      const left = spec.idleTimeoutMs - (now - run.activityAt);
      if (left <= 0) return { stop: 'idle_timeout' };
      wakes.push(now + left);
    }
  }
  for (const approval of openApprovals(state)) wakes.push(approval.expiresAt);
  const times = wakes.filter((time) => time !== undefined);
  return { wakeAt: times.length === 0 ? undefined : Math.min(...times) };
}
