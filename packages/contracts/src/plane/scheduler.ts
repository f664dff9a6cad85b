import type { TaskSpec } from '../vocabulary/task-spec.ts';
import type { WaitingFor } from './waiting-for.ts';

/** A task that waits for its first or next start. */
export interface QueuedTask {
  readonly taskId: string;
  readonly spec: TaskSpec;
  /** Position of `task.submitted`: the order of submission. */
  readonly position: number;
  /** Unix ms before which it must not start. */
  readonly notBefore: number;
  /**
   * Ids of the tasks that may be waiting for it, the nearest first; at most 8: those whose runs it was submitted from, or
   * wait for it. @default none
   */
  readonly ancestors?: readonly string[];
}

/** A task that was admitted or has an open run, and the runtime it uses. */
export interface RunningTask {
  readonly taskId: string;
  readonly runtime: string;
  /** As of a queued task. @default none */
  readonly ancestors?: readonly string[];
}

/** What a scheduler decides on. */
export interface ScheduleState {
  /** In order of submission. An iterable, so that a long queue costs nothing to hand over: take as many as you need. */
  readonly queued: Iterable<QueuedTask>;
  readonly running: readonly RunningTask[];
  /**
   * Those of `queued` with an ancestor that runs, in order of submission: that one may be waiting for them, so a
   * scheduler that holds them back until it ends holds them back for ever. @default none
   */
  readonly children?: Iterable<QueuedTask>;
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
  /**
   * What a queued task whose time has come waits for, for people who look at it; asked only then. @default the plane
   * says that the scheduler has not let it start
   */
  waitsFor?(task: QueuedTask, state: ScheduleState, now: number): WaitingFor | undefined;
}
