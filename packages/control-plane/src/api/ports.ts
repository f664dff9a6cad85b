import type { PlaneInfo, RunOutcome, TaskView } from '@runtime/contracts';
import type { TaskState } from '@runtime/contracts/fold';
import type { ArtifactStore } from '@runtime/contracts/artifacts';
import type { EventLog } from '@runtime/contracts/log';
import type { OpenWait } from '../circles/waits.ts';
import type { RemovalWatch } from '../history/removals.ts';
import type { Plane } from '../plane/plane.ts';
import type { ListParams } from './list-tasks.ts';

/**
 * What can be read of a data directory: by its owner from memory, without an owner from the files.
 * Every method that takes a task's id throws NOT_FOUND for a task that never existed.
 */
export interface ReadPort {
  readonly log: EventLog;
  /** Throws NOT_FOUND where nothing was ever kept. */
  artifacts(): Promise<ArtifactStore>;
  requireTask(taskId: string): void;
  view(taskId: string): Promise<TaskView>;
  /** The folded state. */
  state(taskId: string): Promise<TaskState>;
  /** Newest first. */
  list(params: ListParams): Promise<readonly TaskView[]>;
  /** A run begins to wait for a task; undefined where nothing comes of it, as for a run that is unknown. */
  beginWait(taskId: string, runId: string): OpenWait | undefined;
  /** Tells a reader of a task's events when that is removed; undefined where that is not known. */
  watchRemoval(taskId: string): RemovalWatch | undefined;
  /** Waits for the end of a task; the outcome at once when it has ended. */
  outcome(taskId: string, signal: AbortSignal): Promise<RunOutcome>;
  info(): Promise<PlaneInfo>;
}

/** What the methods work on. */
export interface Ports {
  readonly reader: ReadPort;
  /**
   * The owner's plane. Throws UNAVAILABLE, with the method in its message, where no process owns the data directory.
   */
  owner(method: string): Plane;
}
