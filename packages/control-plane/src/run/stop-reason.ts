import type { StopCause } from '@runtime/contracts';
import { isKeptOpen, isResting, openApprovals, type RunState, type TaskState } from '@runtime/contracts/fold';
import { earliest } from '../waiting/clock.ts';
import { timeLimits, type SkippedSince } from './time-limits.ts';

/** Why a run must be stopped now; otherwise when to look again (Unix ms; undefined: only after a change). */
export type StopOrWait = { readonly stop: StopCause } | { readonly wakeAt: number | undefined };

export function stopReason(state: TaskState, run: RunState, now: number, skipped: SkippedSince = () => 0): StopOrWait {
  const { spec } = state;
  if (state.cancel) return { stop: 'cancel' };
  const resting = isResting(state);
  // What is finished has reached no limit: whether it was late is judged by the time of its end.
  if (resting && !isKeptOpen(state)) return { stop: state.close ? 'closed' : 'idle' };
  const limits = timeLimits(state, run, now, skipped);
  if (limits.deadline !== undefined && now >= limits.deadline) return { stop: 'deadline' };
  if (run.outputChars > spec.maxOutputBytes) return { stop: 'output_limit' };
  // Nothing follows in a session whose opening instruction was refused; where it is unknown whether it was accepted,
  // perhaps nothing.
  const opening = run.turns === 0 ? state.instructions[run.instructionId]?.level : undefined;
  if (opening === 'declined') return { stop: 'idle' };
  if (opening === 'unknown') return { stop: 'lost_control' };
  const approvals = openApprovals(state);
  const isCounting = approvals.length === 0;
  const runLimit = isCounting && !resting ? limits.run : undefined;
  const idleLimit = isCounting ? limits.idle : undefined;
  if (runLimit !== undefined && now >= runLimit) return { stop: 'run_timeout' };
  if (idleLimit !== undefined && now >= idleLimit) return { stop: 'idle_timeout' };
  const wakeAt = earliest(limits.deadline, runLimit, idleLimit, ...approvals.map(({ expiresAt }) => expiresAt));
  return { wakeAt };
}

/** Why a run that is not read is stopped, when its time is over. Of its activity nothing is known, nor whether it rests. */
export function overdueStop(
  state: TaskState,
  run: RunState,
  now: number,
  skipped: SkippedSince = () => 0,
): StopCause | undefined {
  const step = stopReason(state, run, now, skipped);
  if (!('stop' in step)) return undefined;
  const { deadline = Infinity } = timeLimits(state, run, now, skipped);
  return step.stop === 'run_timeout' || now >= deadline ? step.stop : undefined;
}
