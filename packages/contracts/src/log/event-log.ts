import type { CallOptions } from '../base/call-options.ts';
import type { AgentRuntimeError } from '../base/errors.ts';

/** The most events that one append takes. */
export const maxAppendEvents = 4096;
/** The most bytes that the events of one append have as JSON, all together (16 MiB). */
export const maxAppendBytes = 16 * 1024 * 1024;

/** A fact before it is in the log. Plain JSON; `position`, `stream`, `revision` and `time` are the log's own fields. */
export interface NewEvent {
  readonly type: string;
  readonly [field: string]: unknown;
}

/**
 * What the log adds to an event. A type and no interface, so that a typed event with its envelope is still a
 * `StoredEvent`.
 */
// oxlint-disable-next-line typescript/consistent-type-definitions
export type EventEnvelope = {
  /** Its number in the whole log, from 1, ascending, and sparse after pruning. */
  readonly position: number;
  readonly stream: string;
  /** Its number in its stream, from 1, dense. */
  readonly revision: number;
  /** Unix time in milliseconds by the writer's clock. For people: order is by `position`, never by time. */
  readonly time: number;
};

/** An event as the log keeps it: its own fields and the log's. */
export type StoredEvent<E extends NewEvent = NewEvent> = E & EventEnvelope;

/**
 * When `append` resolves.
 * `durable`: after the sync; survives the machine's power. For everything that changes a state or precedes an effect.
 * `written`: once the operating system has it; survives the death of this process, not the machine's. For increments.
 */
export type Acknowledgement = 'durable' | 'written';

/** How events are appended. */
export interface AppendOptions extends CallOptions {
  /**
   * The stream's revision must be this (0: the stream does not exist yet), else CONFLICT and nothing is written.
   * @default unchecked
   */
  readonly expected?: number;
  /** @default 'durable' */
  readonly ack?: Acknowledgement;
  /**
   * Unix ms that the events carry. For a caller that has folded them already and must not differ from what a reader
   * folds.
   * @default the log's clock at the call
   */
  readonly time?: number;
}

/** Where appended events are. */
export interface AppendResult {
  /** Positions of the first and last event of this append; they are consecutive. */
  readonly first: number;
  readonly last: number;
  /** The stream's revision after this append. */
  readonly revision: number;
  /** Unix ms that all events of this append carry. */
  readonly time: number;
}

/** Which events are read. */
export interface ReadOptions extends CallOptions {
  /** Only this stream. @default all streams */
  readonly stream?: string;
  /** Exclusive: a cursor of this log, or 'now' to skip the past. @default from the beginning */
  readonly after?: string;
  /**
   * Also waits for events that are appended later. Returns, without a throw, when the log closes or `signal` aborts.
   * @default false
   */
  readonly follow?: boolean;
}

/** What a removal of streams took away. */
export interface RemovedStreams {
  /** How many events. */
  readonly events: number;
  /** By how many bytes the log is smaller. */
  readonly bytes: number;
}

/** A fold's saved state. Deleting one is always safe: it is rebuilt from the log. */
export interface Snapshot {
  /** The version of the fold that made it; another version is not returned. */
  readonly version: string;
  /** It contains the effect of every event up to and including this position. */
  readonly position: number;
  readonly state: unknown;
}

/**
 * An event with what the log adds to it: the one place where a stored event is made from one that is to be appended.
 */
export function storedEvent<E extends NewEvent>(event: E, envelope: EventEnvelope): E & EventEnvelope {
  return { ...event, ...envelope };
}

/**
 * An append-only log of events in streams: the only truth of the control plane.
 * Appends take effect in the order of the calls. A batch is there whole or not at all.
 * Readers see an event once it is acknowledged to its writer, in order of position, each exactly once.
 */
export interface EventLog extends AsyncDisposable {
  readonly logId: string;
  /** The number of this writer: each opening for writing has a higher one. 0 when opened for reading only. */
  readonly epoch: number;
  /** The highest position that a reader can see. 0 for an empty log. */
  readonly head: number;
  /**
   * Why this log takes no more appends until it is opened again; undefined while it takes them. UNAVAILABLE: a write or
   * sync failed. CONFLICT: another writer has taken over. DATA_CORRUPT: what was written is gone. An append that was
   * refused (CONFLICT by `expected`, INVALID_ARGUMENT, EXHAUSTED) leaves it undefined.
   */
  readonly failure: AgentRuntimeError | undefined;
  /** Resolves with `failure` once there is one, also when nothing is appended; otherwise it stays pending. */
  readonly failed: Promise<AgentRuntimeError>;

  /**
   * Appends events to one stream, as one atomic batch.
   * Positions are given in the order of the calls, before the first await: two calls without an await between them keep
   * their order.
   * Failure: CONFLICT (`expected`), INVALID_ARGUMENT (not JSON, more than `maxAppendEvents` or `maxAppendBytes`),
   * EXHAUSTED (disk full: nothing was written, later calls work again when there is room), UNAVAILABLE (closed),
   * OUTCOME_UNKNOWN (the log failed under this very batch), and `failure` itself afterwards. Only the last two have `details.poisoned`.
   * Aborting `signal` stops the waiting, not the append.
   */
  append(stream: string, events: readonly NewEvent[], options?: AppendOptions): Promise<AppendResult>;

  /**
   * Yields arrays of consecutive events (never empty). Pull-based: a slow reader costs no memory and slows nobody.
   * Throws NOT_FOUND for a cursor that is foreign, in the future, pruned, or of an epoch that lost it,
   * with `details: { reason: 'foreign' | 'future' | 'pruned' | 'lost', nearest: cursor }`; INVALID_ARGUMENT for one
   * that is no cursor.
   */
  read(options?: ReadOptions): AsyncIterable<readonly StoredEvent[]>;

  /** The stream's revision; 0 when there is none. Counts appended events, acknowledged or not. */
  revision(stream: string): number;
  /** Names of the streams that begin with `prefix`, each once, in no particular order. */
  streams(prefix?: string): Iterable<string>;

  /**
   * Removes streams with all of their events, for good: to whoever reads later they never existed, and positions have
   * gaps. A reader under way may see some of their events or none. Appends go on meanwhile; what is appended to one of
   * these streams during the call may stay. A stream that is not there is no error.
   * Durable when it resolves. After a failure, an aborted `signal` or a crash some events of the streams are gone and others are not,
   * until it is called again; nothing else is ever lost by it.
   * DATA_CORRUPT where a line of the log is damaged, EXHAUSTED without room for the largest segment that is written
   * anew, UNSUPPORTED for a log that was opened for reading only.
   */
  removeStreams(streams: Iterable<string>, options?: CallOptions): Promise<RemovedStreams>;

  /** The cursor after which the event at this position is the last one read. `cursor(0)` is the beginning. */
  cursor(position: number): string;

  /** The latest snapshot of this name, if it was made by this version of its fold; undefined otherwise. */
  readSnapshot(name: string, version: string): Promise<Snapshot | undefined>;
  /**
   * Resolves when it is durable. Never newer than the log: the state must be folded from events that were acknowledged
   * as durable.
   * Snapshots also prove how far a log came: of names that differ only in a number at their end, the highest one does.
   */
  writeSnapshot(name: string, snapshot: Snapshot): Promise<void>;

  /**
   * Resolves when this is still the log's writer, and its files are where it opened them; throws `failure` otherwise, or
   * UNAVAILABLE once closed. For what only the writer may do and no append precedes, such as ending a process: what was
   * seen at a path before the call was then seen at the writer's own.
   */
  confirmWriter(): Promise<void>;

  /** Waits for appends under way, then releases files and lock. Repeatable. */
  close(): Promise<void>;
}
