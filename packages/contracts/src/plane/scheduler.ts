import type { TaskSpec } from '../vocabulary/task-spec.ts';

/** A task that waits for its (next) start. */
export interface QueuedTask {
  readonly taskId: string;
  readonly spec: TaskSpec;
  /** Position of `task.submitted`: the order of submission. */
  readonly position: number;
  /** Unix ms before which it must not start. */
  readonly notBefore: number;
}

export interface RunningTask {
  readonly taskId: string;
  readonly runtime: string;
}

export interface ScheduleState {
  /** In order of submission. Not an array, so that a long queue costs nothing to hand over: look at as many as you need. */
  readonly queued: Iterable<QueuedTask>;
  readonly running: readonly RunningTask[];
}

/** Who may start when. Pure: asked again whenever something changed, and at the earliest `notBefore`. */
export interface Scheduler {
  /** Ids of queued tasks to start now, in order. One that is not queued, or whose time has not come, is ignored. */
  admit(state: ScheduleState, now: number): readonly string[];
}
