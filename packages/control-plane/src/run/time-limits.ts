import type { RunOutcome, StopCause } from '@runtime/contracts';
import type { RunState, TaskState } from '@runtime/contracts/fold';

/** How much of the time since then (Unix ms) nobody lived through, as `PlaneTime` has it. */
export type SkippedSince = (since: number) => number;

/** The limits of a run as times (Unix ms); undefined where the task has none. */
export interface TimeLimits {
  /** Promised by the wall clock: it runs on while a machine sleeps. */
  readonly deadline: number | undefined;
  /** Stands still while an approval is open, and while the machine sleeps. */
  readonly run: number | undefined;
  /** Without activity, as for `run`. */
  readonly idle: number | undefined;
}

export function timeLimits(
  { spec, submittedAt }: TaskState,
  run: RunState,
  now: number,
  skipped: SkippedSince,
): TimeLimits {
  const paused = run.pausedMs + (run.pausedSince === undefined ? 0 : Math.max(0, now - run.pausedSince));
  // A machine that slept while an approval was open is counted once.
  const asleep = Math.max(0, skipped(run.startedAt) - paused);
  return {
    deadline: spec.deadlineMs === undefined ? undefined : submittedAt + spec.deadlineMs,
    run: spec.runTimeoutMs === undefined ? undefined : run.startedAt + spec.runTimeoutMs + paused + asleep,
    idle: spec.idleTimeoutMs === undefined ? undefined : run.activityAt + spec.idleTimeoutMs + skipped(run.activityAt),
  };
}

const timeCauses = ['deadline', 'run_timeout', 'idle_timeout'] as const;
export type TimeCause = (typeof timeCauses)[number];

export const isTimeCause = (cause: StopCause | undefined): cause is TimeCause =>
  timeCauses.some((each) => each === cause);

const messages: Readonly<Record<TimeCause, string>> = {
  deadline: 'The task reached its deadline',
  run_timeout: 'The run took longer than runTimeoutMs',
  idle_timeout: 'The agent showed no activity for idleTimeoutMs',
};

export const timedOut = (cause: TimeCause): RunOutcome => ({
  status: 'timed_out',
  code: 'timeout',
  message: messages[cause],
});

/**
 * The limit that a time is beyond. The deadline is the task's, so that it comes first.
 */
export function limitPassed({ deadline, run }: TimeLimits, at: number): TimeCause | undefined {
  if (deadline !== undefined && at > deadline) return 'deadline';
  return run !== undefined && at > run ? 'run_timeout' : undefined;
}
