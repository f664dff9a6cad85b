import type {
  AppendOptions,
  AppendResult,
  EventLog,
  NewEvent,
  ReadOptions,
  RemovedStreams,
  Snapshot,
  StoredEvent,
} from '@runtime/contracts/log';
import { abortable, throwIfAborted, type CallOptions } from '@runtime/contracts';
import { newLogId } from './format/records.ts';
import { cursorAt, positionOf } from './read/cursors.ts';
import { Wakeups } from './read/wakeups.ts';
import { closedError } from './state/closed-error.ts';
import { Epochs } from './state/epochs.ts';
import { assertNotNewer } from './state/snapshots.ts';
import { checkStream, checkTime, conflict, encodeEvents } from './write/append-arguments.ts';

/** How a log in memory is opened. */
export interface MemoryEventLogOptions {
  /** The current time in Unix milliseconds, for the `time` of events. @default Date.now */
  readonly clock?: () => number;
}

/**
 * A log in memory that lasts as long as the object, for tests and for a plane that need not remember. It behaves like
 * a log in files and passes the same suite; `durable` promises no more than `written` here.
 */
export function memoryEventLog(options: MemoryEventLogOptions = {}): EventLog {
  return new MemoryLog(options.clock ?? Date.now);
}

class MemoryLog implements EventLog {
  readonly logId = newLogId();
  readonly epoch = 1;
  readonly origin = 0;
  readonly failure = undefined;
  readonly failed = new Promise<never>(() => undefined);
  readonly epochs = new Epochs();
  /** The highest acknowledged position; `#events` may hold more. */
  head = 0;
  /** By position, from 1; undefined where one was removed. */
  readonly #events: (StoredEvent | undefined)[] = [];
  readonly #revisions = new Map<string, number>();
  readonly #snapshots = new Map<string, string>();
  readonly #wakeups = new Wakeups();
  readonly #clock: () => number;
  #waiting: { result: AppendResult; stream: string; resolve: (result: AppendResult) => void }[] = [];
  #closed = false;

  constructor(clock: () => number) {
    this.#clock = clock;
    this.epochs.add({ epoch: 1, after: 0 });
  }

  async append(stream: string, events: readonly NewEvent[], options: AppendOptions = {}): Promise<AppendResult> {
    throwIfAborted(options.signal);
    checkStream(stream);
    if (this.#closed) throw closedError();
    const texts = encodeEvents(events, options);
    const before = this.revision(stream);
    if (options.expected !== undefined && options.expected !== before) throw conflict(stream, options.expected, before);
    const time = checkTime(options.time ?? this.#clock());
    const first = this.#events.length + 1;
    for (const [index, text] of texts.entries()) {
      const envelope = { position: first + index, stream, revision: before + index + 1, time };
      this.#events.push({ ...envelope, ...(JSON.parse(text) as NewEvent) });
    }
    const revision = before + texts.length;
    this.#revisions.set(stream, revision);
    const result = { first, last: this.#events.length, revision, time };
    return abortable(this.#acknowledge(stream, result), options.signal);
  }

  async *read(options: ReadOptions = {}): AsyncGenerator<readonly StoredEvent[], void, undefined> {
    const { stream, follow = false, signal } = options;
    if (this.#closed) throw closedError();
    if (!follow) throwIfAborted(signal);
    let position = positionOf(this, options.after);
    while (true) {
      if (follow && (this.#closed || signal?.aborted)) return;
      if (position >= this.head) {
        if (!follow) return;
        await this.#wakeups.wait(stream, signal);
        continue;
      }
      const upTo = Math.min(this.head, position + 1024);
      const events = this.#events
        .slice(position, upTo)
        .filter(
          (event): event is StoredEvent => event !== undefined && (stream === undefined || event.stream === stream),
        );
      position = upTo;
      if (events.length > 0) yield events;
      if (follow || position >= this.head) continue;
      throwIfAborted(signal);
      if (this.#closed) throw closedError();
    }
  }

  async removeStreams(streams: Iterable<string>, { signal }: CallOptions = {}): Promise<RemovedStreams> {
    throwIfAborted(signal);
    if (this.#closed) throw closedError();
    this.#flush();
    const names = new Set(streams);
    let events = 0;
    let bytes = 0;
    for (const [at, event] of this.#events.entries()) {
      if (!event || !names.has(event.stream)) continue;
      events += 1;
      bytes += JSON.stringify(event).length;
      this.#events[at] = undefined;
    }
    for (const name of names) this.#revisions.delete(name);
    return { events, bytes };
  }

  revision(stream: string): number {
    return this.#revisions.get(stream) ?? 0;
  }

  *streams(prefix = ''): Iterable<string> {
    for (const name of this.#revisions.keys()) if (name.startsWith(prefix)) yield name;
  }

  cursor(position: number): string {
    return cursorAt(this, position);
  }

  async readSnapshot(name: string, version: string): Promise<Snapshot | undefined> {
    const text = this.#snapshots.get(name);
    const snapshot = text === undefined ? undefined : (JSON.parse(text) as Snapshot);
    return snapshot?.version === version ? snapshot : undefined;
  }

  async writeSnapshot(name: string, snapshot: Snapshot): Promise<void> {
    if (this.#closed) throw closedError();
    assertNotNewer(snapshot, this.head);
    const { version, position, state } = snapshot;
    this.#snapshots.set(name, JSON.stringify({ version, position, state: state ?? null }));
  }

  async confirmWriter(): Promise<void> {
    if (this.#closed) throw closedError();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#flush();
    this.#wakeups.wakeAll();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Acknowledges in a later turn, as a disk does: readers must not see an event before its acknowledgement. */
  #acknowledge(stream: string, result: AppendResult): Promise<AppendResult> {
    if (this.#waiting.length === 0) setImmediate(() => this.#flush());
    return new Promise((resolve) => this.#waiting.push({ result, stream, resolve }));
  }

  #flush(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    const before = this.head;
    this.head = waiting.at(-1)?.result.last ?? this.head;
    for (const { resolve, result } of waiting) resolve(result);
    if (waiting.length > 0) this.#wakeups.wake(before, new Set(waiting.map(({ stream }) => stream)));
  }
}
