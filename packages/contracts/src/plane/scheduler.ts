import type { TaskSpec } from '../vocabulary/task-spec.ts';

/** A task that waits for its first or next start. */
export interface QueuedTask {
  readonly taskId: string;
  readonly spec: TaskSpec;
  /** Position of `task.submitted`: the order of submission. */
  readonly position: number;
  /** Unix ms before which it must not start. */
  readonly notBefore: number;
}

/** A task that was admitted or has an open run, and the runtime it uses. */
export interface RunningTask {
  readonly taskId: string;
  readonly runtime: string;
}

/** What a scheduler decides on. */
export interface ScheduleState {
  /** In order of submission. An iterable, so that a long queue costs nothing to hand over: take as many as you need. */
  readonly queued: Iterable<QueuedTask>;
  readonly running: readonly RunningTask[];
}

/**
 * Decides which tasks may start when. Pure: the plane asks again after every change, and at the earliest `notBefore`.
 * A scheduler that throws is asked again a second later.
 */
export interface Scheduler {
  /**
   * Ids of queued tasks to start now, in order. `now` is Unix ms. Ids that are not queued, or whose time has not come,
   * are ignored.
   */
  admit(state: ScheduleState, now: number): readonly string[];
}
