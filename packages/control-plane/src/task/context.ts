import type { Target } from '@runtime/contracts';
import type { RuntimeAdapter } from '@runtime/contracts/adapter';
import type { EventLog } from '@runtime/contracts/log';
import type { Clock } from '../waiting/clock.ts';
import type { Leases } from './leases.ts';
import type { Failpoint } from './failpoint.ts';
import type { ResumedRun } from '../run/resumed-run.ts';
import type { Runtimes } from '../runtimes/runtimes.ts';
import type { TaskActor } from './task-actor.ts';

export interface PlaneTuning {
  /** Deltas that come within this many ms of the last ones are appended together. @default 30 */
  readonly deltaWindowMs: number;
  /** Without any report for this long in a turn, a run is recorded as stalled. @default 300000 */
  readonly stallAfterMs: number;
  /** How long an agent has between being asked to end and being killed. @default 5000 */
  readonly stopGraceMs: number;
  /** With less than this free, no run starts: the log needs room to the end. @default 64 MiB */
  readonly minFreeBytes: number;
  /** For starting a session, in ms. @default 60000 */
  readonly startTimeoutMs: number;
  /** How long an adapter may go on beyond what it was given, in ms: to give up a start, to stop; and for each interrupt, each look at a run, each reaping of it, and to let go of it. @default 30000 */
  readonly overdueMs: number;
}

/** What the parts of one plane share. */
export interface PlaneContext {
  readonly log: EventLog;
  readonly runsDir: string;
  readonly clock: Clock;
  /** 0..1, for jitter. */
  readonly random: () => number;
  readonly newId: (prefix: string) => string;
  readonly failpoint: Failpoint;
  readonly tuning: PlaneTuning;
  readonly adapters: ReadonlyMap<string, RuntimeAdapter>;
  readonly runtimes: Runtimes;
  readonly leases: Leases;
  readonly survivesHost: boolean;
  /** The owner's own environment, from which runs get what is allowed. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Aborted when the plane lets go. */
  readonly closing: AbortSignal;
  /** The log cannot be written any more: the plane must let go of everything. */
  readonly fail: (error: unknown) => void;
  /** Something changed that may let another task start. */
  readonly changed: (actor: TaskActor) => void;
  /** Runs an append together with its fold: see `Plane.track`. */
  readonly track: <T>(work: () => Promise<T>) => Promise<T>;
  /** The last conversation of an ended task. */
  readonly continued: (taskId: string | undefined) => ResumedRun | undefined;
  readonly adapterOf: (target: Target) => RuntimeAdapter | undefined;
}
