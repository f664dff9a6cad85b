import type { AppendOptions, AppendResult, NewEvent } from '@runtime/contracts';
import { AgentRuntimeError } from '@runtime/contracts';
import { closedError, conflict, encodeEvents } from './arguments.ts';
import { WriteFailure } from './files.ts';
import type { PendingAppend } from './group.ts';
import { Group } from './group.ts';
import type { LogState } from './log-state.ts';
import type { SegmentChain } from './segment-chain.ts';
import type { Tail } from './tail.ts';
import type { Wakeups } from './wakeups.ts';

/** Appends that wait in memory for the write before them. More than that is a caller who does not wait. */
const maxBacklogBytes = 64 * 1024 * 1024;

export interface WriterOptions {
  readonly state: LogState;
  readonly chain: SegmentChain;
  readonly tail: Tail;
  readonly wakeups: Wakeups;
  readonly clock: () => number;
}

/** Takes appends in the order of the calls and writes them in groups: one write is under way, the next group gathers meanwhile. */
export class Writer {
  /** The last position that readers may see. */
  head: number;
  /** The last position that is durable. */
  durable: number;
  #assigned: number;
  #gathering = new Group();
  #spare = new Group();
  #scheduled = false;
  #running: Promise<void> | undefined;
  #closed = false;
  #poison: unknown;
  readonly #options: WriterOptions;

  constructor(options: WriterOptions) {
    this.#options = options;
    this.head = options.state.position;
    this.durable = this.head;
    this.#assigned = this.head;
  }

  /** True when a sync failed: nothing is known any more of what the file holds. */
  get poisoned(): boolean {
    return this.#poison !== undefined;
  }

  /** Gives positions before it returns; the promise is the acknowledgement. */
  append(stream: string, events: readonly NewEvent[], options: AppendOptions): Promise<AppendResult> {
    this.#assertOpen();
    const texts = encodeEvents(events, options);
    const { streams } = this.#options.state.index;
    const before = streams.get(stream)?.revision ?? 0;
    if (options.expected !== undefined && options.expected !== before) throw conflict(stream, options.expected, before);
    const group = this.#gathering;
    if (group.lines.length > maxBacklogBytes) {
      throw new AgentRuntimeError('EXHAUSTED', 'too much is waiting to be written', {
        hint: 'wait for earlier appends',
        details: { reason: 'backlog' },
      });
    }
    const time = this.#options.clock();
    const first = this.#assigned + 1;
    const start = group.lines.length;
    for (const [index, text] of texts.entries()) {
      const more = texts.length - index - 1;
      const head = `{"position":${first + index},"stream":"${stream}","revision":${before + index + 1},"time":${time},`;
      group.lines.add(head + text.slice(1, -1) + (more === 0 ? '' : `,"more":${more}`));
    }
    this.#assigned += texts.length;
    this.#options.state.index.stream(stream).revision = before + texts.length;
    if (options.ack !== 'written') group.durable = true;
    this.#schedule();
    const result: AppendResult = { first, last: this.#assigned, revision: before + texts.length, time };
    return new Promise((resolve, reject) => {
      group.appends.push({ stream, count: texts.length, result, start, end: group.lines.length, resolve, reject });
    });
  }

  /** Resolves when everything that was acknowledged so far is durable. */
  barrier(): Promise<void> {
    this.#assertOpen();
    this.#gathering.durable = true;
    this.#schedule();
    return new Promise((resolve, reject) => this.#gathering.barriers.push({ resolve, reject }));
  }

  /** Refuses further appends and waits for those under way. */
  async close(): Promise<void> {
    this.#closed = true;
    while (this.#scheduled || this.#running)
      await (this.#running ?? new Promise<void>((resolve) => setImmediate(resolve)));
  }

  #assertOpen(): void {
    if (this.#closed) throw closedError();
    if (this.poisoned) throw this.#poisonedError();
  }

  /** Not before everyone whose turn it is in this tick has appended: a group takes them all. */
  #schedule(): void {
    if (this.#scheduled || this.#running) return;
    this.#scheduled = true;
    process.nextTick(() => {
      this.#scheduled = false;
      this.#running = this.#flush().finally(() => {
        this.#running = undefined;
        if (!this.#gathering.empty) this.#schedule();
      });
    });
  }

  async #flush(): Promise<void> {
    const group = this.#gathering;
    this.#gathering = this.#spare;
    try {
      await this.#write(group);
    } catch (error) {
      this.#fail(group, error);
    }
    group.clear();
    this.#spare = group;
  }

  async #write(group: Group): Promise<void> {
    const { chain } = this.#options;
    let kept = group.appends;
    try {
      await chain.write(group.lines, group.durable);
    } catch (error) {
      if (!(error instanceof WriteFailure && error.full)) throw error;
      kept = group.appends.filter((append) => append.end <= error.written);
      await chain.keep(kept.at(-1)?.end ?? 0);
      this.#refuse(group, kept.length, error);
    }
    this.#commit(kept, group.lines.bytes, chain.committedFrom);
    if (chain.allDurable) this.durable = this.head;
    for (const { resolve } of group.barriers) resolve();
  }

  /** Makes them visible, then tells their callers. */
  #commit(appends: readonly PendingAppend[], bytes: Buffer, base: number): void {
    if (appends.length === 0) return;
    const { state, tail, wakeups, chain } = this.#options;
    const copy = Buffer.from(bytes.subarray(0, appends.at(-1)?.end ?? 0));
    const before = this.head;
    for (const { stream, start, end, result } of appends) {
      const { first, last, revision } = result;
      state.index.add(chain.segment, { stream, first, last, revision, offset: base + start, end: base + end });
      tail.push({ stream, first, last, bytes: copy.subarray(start, end), events: undefined });
      this.head = last;
    }
    state.position = this.head;
    for (const { resolve, result } of appends) resolve(result);
    wakeups.wake(before, new Set(appends.map((append) => append.stream)));
  }

  /** The disk is full: those that did not fit, and all that came after them, were never written. */
  #refuse(group: Group, kept: number, cause: unknown): void {
    const refused = [...group.appends.slice(kept), ...this.#gathering.appends];
    this.#gathering.lines.clear();
    this.#gathering.appends = [];
    this.#assigned -= refused.reduce((sum, append) => sum + append.count, 0);
    const error = new AgentRuntimeError('EXHAUSTED', 'the disk is full: nothing was written', {
      hint: 'make room; appending works again by itself',
      details: { reason: 'disk' },
      cause,
    });
    const { streams } = this.#options.state.index;
    for (const { stream, count, reject } of refused) {
      const entry = streams.get(stream);
      if (entry) entry.revision -= count;
      if (entry?.revision === 0) streams.delete(stream);
      reject(error);
    }
  }

  #fail(group: Group, cause: unknown): void {
    this.#poison = cause;
    const unknown = new AgentRuntimeError(
      'OUTCOME_UNKNOWN',
      'the write or its sync failed: it may or may not be in the log',
      {
        hint: 'look at the medium, then open the log again and read what is there',
        details: { poisoned: true },
        cause,
      },
    );
    for (const { reject } of group.appends) reject(unknown);
    for (const { reject } of group.barriers) reject(unknown);
    const later = this.#poisonedError();
    for (const { reject } of this.#gathering.appends) reject(later);
    for (const { reject } of this.#gathering.barriers) reject(later);
    this.#gathering.clear();
  }

  #poisonedError(): AgentRuntimeError {
    return new AgentRuntimeError('UNAVAILABLE', 'an earlier write or sync failed, so this log takes no more appends', {
      hint: 'look at the medium, then close the log and open it again',
      details: { poisoned: true },
      retry: 'never',
      cause: this.#poison,
    });
  }
}
