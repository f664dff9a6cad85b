import type { StoredEvent } from '@runtime/contracts/log';
import { decodeEvents } from '../format/decode-events.ts';
import { Line } from '../format/line.ts';

/** An append, and where its lines begin and end in the bytes of its write. */
export interface RecentAppend {
  readonly stream: { readonly name: string };
  readonly result: { readonly first: number; readonly last: number };
  readonly start: number;
  readonly end: number;
}

/** The appends of one write. */
interface RecentWrite {
  readonly first: number;
  readonly last: number;
  readonly bytes: Buffer;
  readonly appends: readonly RecentAppend[];
  /** All that is kept for it, in bytes, as nearly as the objects of an engine can be weighed. */
  weight: number;
  /** Events by append, parsed for the first reader of their stream and shared with all later readers. */
  readonly byAppend: (readonly StoredEvent[] | undefined)[];
  /** The events of all appends, parsed for the first reader of the whole log. */
  all: readonly StoredEvent[] | undefined;
}

/** Recent events, and how far they reach. */
export interface Taken {
  /** Shared with other readers. */
  readonly events: readonly StoredEvent[];
  /** The position to go on after: no wanted event lies between the last event and here. */
  readonly position: number;
}

/** So many events are worth a promise of their own; fewer are gathered with those that follow. */
const plenty = 32;

/** What an append keeps beside its bytes, and what its parsed events weigh by their bytes: measured with Node 24. */
const appendWeight = 700;
const parsedWeight = 1.5;

/** The latest appends in memory, so that readers at the end need no file. Bounded by weight: slow readers read files. */
export class RecentAppends {
  readonly #limit: number;
  #writes: RecentWrite[] = [];
  /** The first write that is still kept. */
  #start = 0;
  #weight = 0;
  readonly #line = new Line();

  constructor(limit = 8 * 1024 * 1024) {
    this.#limit = limit;
  }

  /** Takes the appends of one write, at least one, with a copy of their lines, which begin the bytes. */
  push(appends: readonly RecentAppend[], lines: Buffer): void {
    const first = appends[0]?.result.first ?? 0;
    const last = appends.at(-1)?.result.last ?? 0;
    const bytes = copyOf(lines, 0, appends.at(-1)?.end ?? 0);
    const weight = bytes.length + appends.length * appendWeight;
    this.#writes.push({ first, last, bytes, appends, weight, byAppend: [], all: undefined });
    this.#weight += weight;
    while (this.#weight > this.#limit && this.#start < this.#writes.length) {
      this.#weight -= this.#writes[this.#start]?.weight ?? 0;
      this.#start += 1;
    }
    if (this.#start > 16 && this.#start * 2 > this.#writes.length) {
      this.#writes = this.#writes.slice(this.#start);
      this.#start = 0;
    }
  }

  /** Keeps nothing of what was appended so far. */
  clear(): void {
    this.#writes = [];
    this.#start = 0;
    this.#weight = 0;
  }

  /** True when every event after this position is in memory. */
  covers(position: number): boolean {
    const oldest = this.#writes[this.#start];
    return oldest !== undefined && oldest.first <= position + 1;
  }

  /** Events after `position` up to `upTo`, and not many more than `enough`. */
  take(position: number, upTo: number, stream: string | undefined, enough: number): Taken {
    const from = firstAfter(this.#writes, this.#start, (write) => write.last <= position);
    return stream === undefined
      ? this.#takeAll(from, position, upTo, enough)
      : this.#takeStream(from, position, upTo, stream, enough);
  }

  /** Takes whole writes, without a copy where they are large enough. */
  #takeAll(from: number, position: number, upTo: number, enough: number): Taken {
    let gathered: StoredEvent[] | undefined;
    let reached = position;
    for (let number = from; number < this.#writes.length; number += 1) {
      const write = this.#writes[number];
      if (!write || write.first > upTo || (gathered && gathered.length >= enough)) break;
      const all = (write.all ??= this.#decode(write, write.bytes));
      const whole = write.first > reached && write.last <= upTo;
      const events = whole ? all : all.slice(Math.max(0, reached + 1 - write.first), upTo + 1 - write.first);
      reached = Math.min(write.last, upTo);
      if (!gathered && events.length >= plenty) return { events, position: reached };
      gathered ??= [];
      for (const event of events) gathered.push(event);
    }
    return { events: gathered ?? [], position: reached };
  }

  #takeStream(from: number, position: number, upTo: number, stream: string, enough: number): Taken {
    const events: StoredEvent[] = [];
    let reached = position;
    for (let number = from; number < this.#writes.length; number += 1) {
      const write = this.#writes[number];
      if (!write) break;
      const { appends } = write;
      let index = number === from ? firstAfter(appends, 0, (append) => append.result.last <= position) : 0;
      for (; index < appends.length; index += 1) {
        const append = appends[index];
        if (!append || append.result.first > upTo || events.length >= enough) return { events, position: reached };
        reached = append.result.last;
        if (append.stream.name !== stream) continue;
        for (const event of this.#eventsOf(write, index, append)) if (event.position > position) events.push(event);
      }
    }
    return { events, position: Math.max(reached, upTo) };
  }

  #eventsOf(write: RecentWrite, index: number, { start, end, result }: RecentAppend): readonly StoredEvent[] {
    return (write.byAppend[index] ??=
      write.all?.slice(result.first - write.first, result.last + 1 - write.first) ??
      // A copy, because decoding overwrites bytes.
      this.#decode(write, copyOf(write.bytes, start, end)));
  }

  #decode(write: RecentWrite, bytes: Buffer): readonly StoredEvent[] {
    const weight = bytes.length * parsedWeight;
    write.weight += weight;
    this.#weight += weight;
    return decodeEvents(bytes, everything, { line: this.#line, start: 0, end: bytes.length });
  }
}

const everything = { after: 0, upTo: Infinity, streamText: undefined, file: 'memory', offset: 0 };

/** In memory of its own: a small `Buffer.from` is a part of Node's pool, and keeps all 64 KiB of it. */
function copyOf(bytes: Buffer, start: number, end: number): Buffer {
  const copy = Buffer.allocUnsafeSlow(end - start);
  bytes.copy(copy, 0, start, end);
  return copy;
}

/** The index of the first item that is not `before`, by binary search. */
function firstAfter<T>(items: readonly T[], from: number, before: (item: T) => boolean): number {
  let low = from;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const item = items[middle];
    if (item !== undefined && before(item)) low = middle + 1;
    else high = middle;
  }
  return low;
}
