import type { EventLog } from '@runtime/contracts/log';
import type { WatchedStore } from '../store/watched-store.ts';
import type { Adapters } from '../runtimes/adapters.ts';
import type { Runtimes } from '../runtimes/runtimes.ts';
import type { Clock } from '../waiting/clock.ts';
import type { Failpoint } from './failpoint.ts';
import type { Leases } from './leases.ts';
import type { TaskValueFiles } from './task-values.ts';

/**
 * Clocks of the plane, each in milliseconds unless it says otherwise. The defaults fit agents that work for minutes to
 * hours.
 */
export interface PlaneTuning {
  /** Increments that arrive within this time of the last ones are appended together. @default 30 */
  readonly deltaWindowMs: number;
  /** A run without any report for this long within a turn is recorded as stalled. @default 300000 */
  readonly stallAfterMs: number;
  /** Time between asking an agent to end and killing it. @default 5000 */
  readonly stopGraceMs: number;
  /** In bytes: with less free disk space no run starts, because the log needs room for its end. @default 64 MiB */
  readonly minFreeBytes: number;
  /**
   * Timeout of an adapter's `start`, beside the adapter's own `startupMs`. It doubles after each start on the runtime
   * that failed, up to eight times. @default 60000
   */
  readonly startTimeoutMs: number;
  /**
   * Extra time that an adapter call may take past its own limit before the plane stops waiting for it, and the longest
   * that a clock waits for a source to be read to where it stands. @default 30000
   */
  readonly overdueMs: number;
  /** How often ended tasks are removed by `retention`, in ms; the first time after a minute at most. @default 21600000 (6 h) */
  readonly sweepEveryMs: number;
}

/** A client wants the owner to leave the data directory. */
export interface LeaveRequest {
  /** Who asks. */
  readonly by: string;
  readonly why?: string | undefined;
  /** Whether another owner is about to follow. */
  readonly successor: boolean;
}

/** What the parts of one plane share. */
export interface PlaneContext {
  readonly log: EventLog;
  /** Opens the store with the first call. */
  readonly artifacts: () => Promise<WatchedStore>;
  readonly runsDir: string;
  /** The data directory by which other processes find the plane; undefined for a plane that serves no socket. */
  readonly servedDir: string | undefined;
  readonly clock: Clock;
  /** How much of the time since then (Unix ms) nobody lived through, see `PlaneTime`. */
  readonly skippedSince: (since: number) => number;
  /** 0..1, for jitter. */
  readonly random: () => number;
  readonly newId: (prefix: string) => string;
  readonly failpoint: Failpoint;
  readonly tuning: PlaneTuning;
  readonly adapters: Adapters;
  readonly runtimes: Runtimes;
  readonly leases: Leases;
  readonly survivesHost: boolean;
  readonly values: TaskValueFiles;
  /** From which runs get what the allow-list and their task permit, unless the task came with an environment. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** What the owner does when a client asks it to leave; undefined for one that does not. */
  readonly onLeaveRequest: ((request: LeaveRequest) => void) | undefined;
  /** Aborted when the plane closes. */
  readonly closing: AbortSignal;
}
