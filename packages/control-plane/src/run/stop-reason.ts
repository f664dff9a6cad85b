import type { StopCause } from '@runtime/contracts';
import { earliest } from '../waiting/clock.ts';
import { isKeptOpen, isResting, openApprovals, type RunState, type TaskState } from '@runtime/contracts/fold';

/** Why a run must be stopped now; otherwise when to look again (Unix ms; undefined: only after a change). */
export type StopOrWait = { readonly stop: StopCause } | { readonly wakeAt: number | undefined };

/** The time that counts for the run's timeouts: they stand still while an approval is open. */
function countedMs(run: RunState, now: number): number {
  const paused = run.pausedMs + (run.pausedSince === undefined ? 0 : Math.max(0, now - run.pausedSince));
  return Math.max(0, now - run.startedAt - paused);
}

export function stopReason(state: TaskState, run: RunState, now: number): StopOrWait {
  const { spec } = state;
  if (state.cancel) return { stop: 'cancel' };
  const deadline = spec.deadlineMs === undefined ? undefined : state.submittedAt + spec.deadlineMs;
  if (deadline !== undefined && now >= deadline) return { stop: 'deadline' };
  if (run.outputChars > spec.maxOutputBytes) return { stop: 'output_limit' };
  const resting = isResting(state);
  if (resting && !isKeptOpen(state)) return { stop: state.closeRequested ? 'closed' : 'idle' };
  // Nothing follows in a session whose opening instruction was refused; where it is unknown whether it was accepted,
  // perhaps nothing.
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
  return { wakeAt: earliest(...wakes) };
}
