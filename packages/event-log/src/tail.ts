import type { StoredEvent } from '@runtime/contracts';
import { decodeEvents } from './decode-events.ts';

/** One append among the latest. */
export interface TailAppend {
  readonly stream: string;
  readonly first: number;
  readonly last: number;
  /** Its lines. */
  readonly bytes: Buffer;
  /** Parsed when the first reader comes, then shared by all. */
  events: readonly StoredEvent[] | undefined;
}

/** The latest appends in memory, so that readers at the end need no file. Bounded by bytes: who lags reads the file. */
export class Tail {
  readonly #limit: number;
  #appends: TailAppend[] = [];
  /** Appends before this index are dropped already. */
  #start = 0;
  #bytes = 0;

  constructor(limit = 4 * 1024 * 1024) {
    this.#limit = limit;
  }

  push(append: TailAppend): void {
    this.#appends.push(append);
    this.#bytes += append.bytes.length;
    while (this.#bytes > this.#limit && this.#start < this.#appends.length) {
      this.#bytes -= this.#appends[this.#start]?.bytes.length ?? 0;
      this.#start += 1;
    }
    if (this.#start > 1024 && this.#start * 2 > this.#appends.length) {
      this.#appends = this.#appends.slice(this.#start);
      this.#start = 0;
    }
  }

  /** True when everything after this position is here. */
  covers(position: number): boolean {
    const oldest = this.#appends[this.#start];
    return oldest !== undefined && oldest.first <= position + 1;
  }

  /** Events after `position` up to `upTo`, at least `atLeast` of them when there are so many. Whole appends. */
  take(
    position: number,
    upTo: number,
    stream: string | undefined,
    atLeast: number,
  ): { events: StoredEvent[]; position: number } {
    const events: StoredEvent[] = [];
    let reached = position;
    for (let index = this.#find(position); index < this.#appends.length; index += 1) {
      const append = this.#appends[index];
      if (!append || append.first > upTo || events.length >= atLeast) return { events, position: reached };
      reached = append.last;
      if (stream !== undefined && append.stream !== stream) continue;
      append.events ??= parse(append);
      for (const event of append.events) if (event.position > position) events.push(event);
    }
    return { events, position: Math.max(reached, upTo) };
  }

  /** The first append that ends after the position. */
  #find(position: number): number {
    let low = this.#start;
    let high = this.#appends.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#appends[middle]?.last ?? Infinity) <= position) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function parse(append: TailAppend): StoredEvent[] {
  // A copy, because reading overwrites.
  const bytes = Buffer.from(append.bytes);
  return decodeEvents(bytes, { after: 0, upTo: Infinity, streamText: undefined, file: 'memory', offset: 0 });
}
