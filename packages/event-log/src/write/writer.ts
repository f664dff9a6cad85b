import type { AgentRuntimeError } from '@runtime/contracts';
import type { AppendOptions, AppendResult, NewEvent } from '@runtime/contracts/log';
import { isFull, WriteFailure } from '../fs/files.ts';
import type { RecentAppends } from '../read/recent-appends.ts';
import type { Wakeups } from '../read/wakeups.ts';
import { closedError } from '../state/closed-error.ts';
import type { SegmentEntry, StreamEntry } from '../state/log-index.ts';
import type { LogState } from '../state/log-state.ts';
import { backlogError, checkTime, conflict, encodeEvents } from './append-arguments.ts';
import { SegmentLost } from './active-segment.ts';
import { Group, type PendingAppend } from './group.ts';
import type { SegmentChain } from './segment-chain.ts';
import { diskFailure, fullError, unknownError } from './write-failures.ts';

/** The most bytes that wait in memory for the write before them: a caller with more does not wait for its appends. */
const maxBacklogBytes = 64 * 1024 * 1024;
/**
 * A group of this size is written at once, before the group before it is acknowledged: the next appends of those
 * callers gather during the write.
 */
const fullGroupBytes = 32 * 1024;

/** A group that is in the file and not yet acknowledged. */
interface WrittenGroup {
  readonly group: Group;
  /** The appends of it that found room. */
  readonly kept: readonly PendingAppend[];
  readonly segment: SegmentEntry;
  /** Where the group begins in the segment. */
  readonly base: number;
  readonly durable: boolean;
}

export interface WriterOptions {
  readonly state: LogState;
  readonly chain: SegmentChain;
  readonly recent: RecentAppends;
  readonly wakeups: Wakeups;
  readonly clock: () => number;
  /** Asked between each write and its acknowledgement: true while this is the one writer of its files. */
  readonly owns: () => boolean;
  /** Why `owns` is false. */
  readonly explainLoss: () => Promise<AgentRuntimeError>;
}

/** Takes appends in the order of the calls and writes them in groups: during one write the next group gathers. */
export class Writer {
  /** The last position that readers may see. */
  head: number;
  /** The last position that is durable. */
  durable: number;
  #assigned: number;
  #gathering = new Group();
  readonly #spares: Group[] = [];
  #scheduled = false;
  #running: Promise<void> | undefined;
  #closed = false;
  readonly #failed = Promise.withResolvers<AgentRuntimeError>();
  #failure: AgentRuntimeError | undefined;
  readonly #options: WriterOptions;

  constructor(options: WriterOptions) {
    this.#options = options;
    this.head = options.state.position;
    this.durable = this.head;
    this.#assigned = this.head;
  }

  /** Why nothing more is written: what the file holds is not known, or the file is not this writer's any more. */
  get failure(): AgentRuntimeError | undefined {
    return this.#failure;
  }

  get failed(): Promise<AgentRuntimeError> {
    return this.#failed.promise;
  }

  /** Writes and acknowledges nothing more, for this reason. The first reason stays. */
  fail(failure: AgentRuntimeError): void {
    const first = (this.#failure ??= failure);
    this.#gathering.rejectAll(first);
    this.#gathering.clear();
    this.#failed.resolve(first);
  }

  /** Gives positions before it returns. The promise is the acknowledgement. */
  append(stream: string, events: readonly NewEvent[], options: AppendOptions): Promise<AppendResult> {
    this.#assertOpen();
    const texts = encodeEvents(events, options);
    const { index } = this.#options.state;
    const before = index.revision(stream);
    if (options.expected !== undefined && options.expected !== before) throw conflict(stream, options.expected, before);
    const group = this.#gathering;
    if (group.lines.length > maxBacklogBytes) throw backlogError();
    const time = checkTime(options.time ?? this.#options.clock());
    this.#assign(group, index.stream(stream, before), texts, time);
    if (options.ack !== 'written') group.durable = true;
    return new Promise((resolve, reject) => {
      group.waiting.push({ resolve, reject });
      this.#schedule();
    });
  }

  /** Gives the events their numbers and encodes them. */
  #assign(group: Group, stream: StreamEntry, texts: readonly string[], time: number): void {
    const count = texts.length;
    const { lines } = group;
    const start = lines.length;
    for (let index = 0; index < count; index += 1) {
      const position = this.#assigned + index + 1;
      const revision = stream.revision + index + 1;
      lines.addEvent(texts[index] ?? '', { position, stream: stream.name, revision, time, more: count - index - 1 });
    }
    stream.revision += count;
    const result = { first: this.#assigned + 1, last: this.#assigned + count, revision: stream.revision, time };
    this.#assigned += count;
    group.appends.push({ stream, count, result, start, end: lines.length });
  }

  /** Resolves when everything that was acknowledged so far is durable. */
  barrier(): Promise<void> {
    this.#assertOpen();
    const group = this.#gathering;
    group.durable = true;
    return new Promise((resolve, reject) => {
      group.barriers.push({ resolve, reject });
      this.#schedule();
    });
  }

  /**
   * Resolves when everything that was acknowledged so far lies in closed segments. Throws EXHAUSTED when there is no room
   * for another one.
   */
  async beginSegment(): Promise<void> {
    await this.barrier();
    this.#assertOpen();
    this.#gathering.rolls = true;
    await this.barrier();
  }

  /** Refuses further appends and waits for those under way. */
  async close(): Promise<void> {
    this.#closed = true;
    while (this.#scheduled || this.#running)
      await (this.#running ?? new Promise<void>((resolve) => setImmediate(resolve)));
  }

  #assertOpen(): void {
    if (this.#closed) throw closedError();
    if (this.#failure) throw this.#failure;
  }

  /** A small group waits for the end of the tick, and so takes everything that is appended in it. */
  #schedule(): void {
    if (this.#running) return;
    if (this.#gathering.lines.length >= fullGroupBytes) return this.#start();
    if (this.#scheduled) return;
    this.#scheduled = true;
    process.nextTick(() => {
      this.#scheduled = false;
      if (!this.#running && !this.#gathering.empty) this.#start();
    });
  }

  #start(): void {
    this.#running = this.#run().finally(() => {
      this.#running = undefined;
      if (!this.#gathering.empty) this.#schedule();
    });
  }

  /** Writes group after group for as long as full ones are waiting. */
  async #run(): Promise<void> {
    let written = await this.#write(this.#takeGroup());
    while (written && this.#gathering.lines.length >= fullGroupBytes) {
      // A new segment's header says what came before it: that must be committed.
      if (this.#gathering.rolls || !this.#options.chain.fits(this.#gathering.lines.length)) break;
      const writing = this.#write(this.#takeGroup());
      this.#commit(written);
      written = await writing;
    }
    if (written) this.#commit(written);
  }

  #takeGroup(): Group {
    const group = this.#gathering;
    this.#gathering = this.#spares.pop() ?? new Group();
    return group;
  }

  /** Undefined when it failed for good: then every waiting caller has its error. */
  async #write(group: Group): Promise<WrittenGroup | undefined> {
    const { chain, owns } = this.#options;
    let kept = group.appends;
    try {
      try {
        if (group.rolls) await chain.roll();
        await chain.write(group.lines, group.durable);
      } catch (error) {
        if (!(error instanceof WriteFailure && isFull(error))) throw error;
        kept = group.appends.filter((append) => append.end <= error.written);
        await chain.keep(kept.at(-1)?.end ?? 0);
        this.#refuse(group, kept.length, error);
      }
    } catch (error) {
      return this.#drop(group, error);
    }
    // After the write: what is acknowledged next, a later writer has read.
    if (this.#failure || !owns()) return this.#drop(group, new SegmentLost());
    return { group, kept, segment: chain.segment, base: chain.committedFrom, durable: chain.allDurable };
  }

  /** Makes the appends visible to readers, then acknowledges them. */
  #commit({ group, kept, segment, base, durable }: WrittenGroup): void {
    const { state, recent, wakeups } = this.#options;
    const before = this.head;
    if (kept.length > 0) {
      for (const { stream, start, end, result } of kept) {
        const { first, last, revision } = result;
        state.index.add(segment, { stream, first, last, revision, offset: base + start, end: base + end });
        this.head = last;
      }
      recent.push(kept, group.lines.bytes);
      state.position = this.head;
    }
    if (durable) this.durable = this.head;
    for (const [index, { result }] of kept.entries()) group.waiting[index]?.resolve(result);
    for (const { resolve } of group.barriers) resolve();
    if (wakeups.waiting > 0 && kept.length > 0) wakeups.wake(before, new Set(kept.map(({ stream }) => stream.name)));
    group.clear();
    this.#spares.push(group);
  }

  /** After a full disk: the appends that did not fit, and all later ones, are refused and were never written. */
  #refuse(group: Group, kept: number, cause: unknown): void {
    const later = this.#gathering;
    const appends = [...group.appends.slice(kept), ...later.appends];
    const waiting = [...group.waiting.slice(kept), ...later.waiting];
    later.lines.clear();
    later.appends = [];
    later.waiting = [];
    const { index } = this.#options.state;
    for (const { stream, count } of appends) {
      this.#assigned -= count;
      stream.revision -= count;
      index.release(stream);
    }
    const error = fullError(cause);
    for (const { reject } of waiting) reject(error);
    if (!group.rolls) return;
    for (const { reject } of group.barriers) reject(error);
    group.barriers = [];
  }

  async #drop(group: Group, cause: unknown): Promise<undefined> {
    const { owns, explainLoss } = this.#options;
    const lost = cause instanceof SegmentLost || !owns();
    const failure = this.#failure ?? (lost ? await explainLoss() : diskFailure(cause));
    group.rejectAll(unknownError(failure));
    this.fail(failure);
  }
}
