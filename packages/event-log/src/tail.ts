import type { StoredEvent } from '@runtime/contracts';
import { decodeEvents } from './decode-events.ts';
import type { PendingAppend } from './group.ts';
import { Line } from './line.ts';

/** The appends of one write. */
interface TailGroup {
  readonly first: number;
  readonly last: number;
  readonly bytes: Buffer;
  readonly appends: readonly PendingAppend[];
  /** What was parsed for the first reader who came, shared by all; by append. */
  readonly events: (readonly StoredEvent[] | undefined)[];
}

/** The latest appends in memory, so that readers at the end need no file. Bounded by bytes: who lags reads the file. */
export class Tail {
  readonly #limit: number;
  #groups: TailGroup[] = [];
  /** Groups before this index are dropped already. */
  #start = 0;
  #bytes = 0;
  readonly #line = new Line();

  constructor(limit = 4 * 1024 * 1024) {
    this.#limit = limit;
  }

  /** Takes the appends of one write, at least one. */
  push(appends: readonly PendingAppend[], bytes: Buffer): void {
    const first = appends[0]?.result.first ?? 0;
    const last = appends.at(-1)?.result.last ?? 0;
    this.#groups.push({ first, last, bytes, appends, events: [] });
    this.#bytes += bytes.length;
    while (this.#bytes > this.#limit && this.#start < this.#groups.length) {
      this.#bytes -= this.#groups[this.#start]?.bytes.length ?? 0;
      this.#start += 1;
    }
    if (this.#start > 16 && this.#start * 2 > this.#groups.length) {
      this.#groups = this.#groups.slice(this.#start);
      this.#start = 0;
    }
  }

  /** True when everything after this position is here. */
  covers(position: number): boolean {
    const oldest = this.#groups[this.#start];
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
    const from = firstAfter(this.#groups, this.#start, (group) => group.last <= position);
    for (let number = from; number < this.#groups.length; number += 1) {
      const group = this.#groups[number];
      if (!group) break;
      const { appends } = group;
      let index = number === from ? firstAfter(appends, 0, (append) => append.result.last <= position) : 0;
      for (; index < appends.length; index += 1) {
        const append = appends[index];
        if (!append || append.result.first > upTo || events.length >= atLeast) return { events, position: reached };
        reached = append.result.last;
        if (stream !== undefined && append.stream.name !== stream) continue;
        for (const event of this.#eventsOf(group, index, append)) if (event.position > position) events.push(event);
      }
    }
    return { events, position: Math.max(reached, upTo) };
  }

  #eventsOf({ bytes, events }: TailGroup, index: number, { start, end }: PendingAppend): readonly StoredEvent[] {
    return (events[index] ??= decodeEvents(bytes, everything, { line: this.#line, start, end }));
  }
}

const everything = { after: 0, upTo: Infinity, streamText: undefined, file: 'memory', offset: 0 };

/** The index of the first item that is not `before`, by halving. */
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
