import type {
  AppendOptions,
  AppendResult,
  NewEvent,
  ReadOptions,
  RemovedStreams,
  Snapshot,
  StoredEvent,
} from '@runtime/contracts/log';
import { abortable, throwIfAborted, type AgentRuntimeError, type CallOptions } from '@runtime/contracts';
import { isFull } from './fs/files.ts';
import type { LogFs } from './fs/log-fs.ts';
import { systemFailure } from './fs/system-failure.ts';
import type { JsonlEventLog } from './jsonl-event-log.ts';
import { cursorAt } from './read/cursors.ts';
import { readLog, type ReadSource } from './read/read-log.ts';
import { RecentAppends } from './read/recent-appends.ts';
import { Wakeups } from './read/wakeups.ts';
import { removeStreams } from './remove/remove-streams.ts';
import { closedError } from './state/closed-error.ts';
import type { Epochs } from './state/epochs.ts';
import type { LogIndex } from './state/log-index.ts';
import type { LogState } from './state/log-state.ts';
import type { LogProblem, Problems } from './state/problems.ts';
import { assertNotNewer, type Snapshots } from './state/snapshots.ts';
import type { WriterLock } from './lock/writer-lock.ts';
import { checkStream } from './write/append-arguments.ts';
import type { Claim } from './write/claim.ts';
import { explainLoss, filesLost, isSegmentMissing } from './write/losses.ts';
import { diskFailure, noRoomToRemove } from './write/write-failures.ts';
import type { SegmentChain } from './write/segment-chain.ts';
import { Writer } from './write/writer.ts';

export interface WritableLogParts {
  readonly fs: LogFs;
  readonly dir: string;
  readonly state: LogState;
  readonly problems: Problems;
  readonly snapshots: Snapshots;
  readonly chain: SegmentChain;
  readonly claim: Claim;
  readonly lock: WriterLock;
  readonly clock: () => number;
  /** The most bytes of short segments that a removal of streams makes one. */
  readonly mergeBytes: number;
  /** Releases the lock; undefined for a borrowed lock. */
  readonly release: (() => Promise<void>) | undefined;
}

/** How often a log looks for what else has become of its files. */
const lookMs = 1000;
/** How often a log that is appended to looks for its lock file. */
const lockMs = 50;

/** The log in the process of its one writer. */
export class WritableLog implements JsonlEventLog, ReadSource {
  readonly fs: LogFs;
  readonly dir: string;
  readonly logId: string;
  readonly epoch: number;
  readonly epochs: Epochs;
  readonly origin: number;
  readonly index: LogIndex;
  readonly generation = 0;
  readonly readFailure = undefined;
  readonly recent = new RecentAppends();
  readonly wakeups = new Wakeups();
  closed = false;
  #closing: Promise<void> | undefined;
  readonly #parts: WritableLogParts;
  readonly #writer: Writer;
  readonly #watching: NodeJS.Timeout;
  /** Removals, one after the other. Never rejects. */
  #removing: Promise<unknown> = Promise.resolve();
  #lockSeenAt = -Infinity;

  constructor(parts: WritableLogParts) {
    const { state, chain, claim, clock } = parts;
    this.#parts = parts;
    this.fs = parts.fs;
    this.dir = parts.dir;
    this.logId = state.logId;
    this.epoch = claim.epoch;
    this.epochs = state.epochs;
    this.origin = state.origin;
    this.index = state.index;
    this.#writer = new Writer({
      state,
      chain,
      clock,
      recent: this.recent,
      wakeups: this.wakeups,
      owns: () => chain.ownsFiles && this.#lockHeld(),
      explainLoss: () => this.#explainLoss(),
    });
    this.#watching = setInterval(() => void this.#look(), lookMs).unref();
  }

  get head(): number {
    return this.#writer.head;
  }

  get failure(): AgentRuntimeError | undefined {
    return this.#writer.failure;
  }

  get failed(): Promise<AgentRuntimeError> {
    return this.#writer.failed;
  }

  get problems(): readonly LogProblem[] {
    return this.#parts.problems.list;
  }

  /**
   * Gives positions before it returns, so that calls keep their order. No async function: that would cost a second
   * promise for every append.
   */
  append(stream: string, events: readonly NewEvent[], options: AppendOptions = {}): Promise<AppendResult> {
    try {
      throwIfAborted(options.signal);
      checkStream(stream);
      return abortable(this.#writer.append(stream, events, options), options.signal);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  read(options: ReadOptions = {}): AsyncIterable<readonly StoredEvent[]> {
    return readLog(this, options);
  }

  revision(stream: string): number {
    return this.index.revision(stream);
  }

  streams(prefix = ''): Iterable<string> {
    return this.index.names(prefix);
  }

  cursor(position: number): string {
    return cursorAt(this, position);
  }

  async readSnapshot(name: string, version: string): Promise<Snapshot | undefined> {
    return this.#parts.snapshots.read(this.logId, name, version, this.head);
  }

  async writeSnapshot(name: string, snapshot: Snapshot): Promise<void> {
    if (this.closed) throw closedError();
    assertNotNewer(snapshot, this.head);
    if (snapshot.position > this.#writer.durable) await this.#writer.barrier();
    // Files that are not this writer's any more are left as they are.
    await this.#look();
    if (this.failure) throw this.failure;
    await this.#parts.snapshots.write(this.logId, name, snapshot);
  }

  async confirmWriter(): Promise<void> {
    if (this.closed) throw closedError();
    await this.#look();
    if (this.failure) throw this.failure;
  }

  removeStreams(streams: Iterable<string>, { signal }: CallOptions = {}): Promise<RemovedStreams> {
    const names = new Set(streams);
    const removed = this.#removing.then(() => this.#remove(names, signal));
    this.#removing = removed.catch(() => undefined);
    return removed;
  }

  async #remove(streams: ReadonlySet<string>, signal: AbortSignal | undefined): Promise<RemovedStreams> {
    const { fs, dir, state, chain, mergeBytes } = this.#parts;
    const goOn = (): void => {
      throwIfAborted(signal);
      if (this.closed) throw closedError();
      if (this.failure) throw this.failure;
    };
    goOn();
    try {
      return await removeStreams({
        fs,
        dir,
        state,
        chain,
        streams,
        maxBytes: mergeBytes,
        goOn,
        roll: () => this.#writer.beginSegment(),
        confirm: () => this.confirmWriter(),
        forget: () => this.recent.clear(),
        fail: (error) => this.#writer.fail(diskFailure(error)),
      });
    } catch (error) {
      if (isFull(error)) throw noRoomToRemove(error);
      throw systemFailure(error, `remove streams from the log in ${dir}`);
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Also without an append: whoever holds the log learns soon that it is no longer the writer. */
  async #look(): Promise<void> {
    const { chain, lock, fs, dir, state } = this.#parts;
    if (this.closed || this.failure) return;
    if (!chain.ownsFiles || !lock.held) this.#writer.fail(await this.#explainLoss());
    else if (await isSegmentMissing(fs, dir, state.index)) this.#writer.fail(filesLost(dir));
  }

  /**
   * Without the lock file another process can come, and that one claims the log, which `ownsFiles` sees at once. So its
   * file is looked at less often.
   */
  #lockHeld(): boolean {
    const now = performance.now();
    if (now - this.#lockSeenAt < lockMs) return true;
    this.#lockSeenAt = now;
    return this.#parts.lock.held;
  }

  #explainLoss(): Promise<AgentRuntimeError> {
    const { chain, claim, lock, fs, dir } = this.#parts;
    const lostLock = chain.ownsFiles && !lock.held ? lock.path : undefined;
    return explainLoss(fs, dir, claim.epoch, lostLock);
  }

  async #close(): Promise<void> {
    const { chain, snapshots, release, problems } = this.#parts;
    this.closed = true;
    clearInterval(this.#watching);
    await this.#removing;
    await this.#writer.close();
    this.wakeups.wakeAll();
    await snapshots.settle();
    const healthy = this.failure === undefined && chain.ownsFiles;
    try {
      if (healthy) await chain.finish({ log: 'close', epoch: this.epoch, last: this.head });
    } catch (error) {
      // Without this line the next opening cannot tell a flipped bit in the last batch from a torn write. No event is
      // lost.
      problems.add({ file: 'log', problem: String(error), action: 'closed without its last line' });
    }
    try {
      await chain.close(healthy);
    } finally {
      await release?.();
    }
  }
}
