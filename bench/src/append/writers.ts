import type { NewEvent } from '@runtime/contracts/log';
import { percentile, secondsSince, type Sample } from '../harness/contender.ts';
import { makeEvent } from './event.ts';

/** So many writers at once, each appending one event and waiting for its acknowledgement before the next. */
export async function runWriters(
  writers: number,
  milliseconds: number,
  append: (writer: number, event: NewEvent) => Promise<unknown>,
): Promise<Sample> {
  const waits: number[] = [];
  const start = process.hrtime.bigint();
  const end = performance.now() + milliseconds;
  let events = 0;
  const write = async (writer: number): Promise<void> => {
    for (let before = performance.now(); before < end;) {
      events += 1;
      await append(writer, makeEvent(events));
      const after = performance.now();
      if (writers === 1) waits.push((after - before) * 1000);
      before = after;
    }
  };
  await Promise.all(Array.from({ length: writers }, (_, writer) => write(writer)));
  return { perSecond: events / secondsSince(start), p50: percentile(waits, 0.5), p99: percentile(waits, 0.99) };
}

/**
 * Gathers what is appended in one turn, or during the commit before, and commits it in one go: group commit for stores
 * that have none.
 */
export class GroupCommit<Item> {
  #waiting: { item: Item; resolve: () => void; reject: (error: unknown) => void }[] = [];
  #running = false;
  readonly #commit: (items: readonly Item[]) => Promise<void> | void;

  constructor(commit: (items: readonly Item[]) => Promise<void> | void) {
    this.#commit = commit;
  }

  append(item: Item): Promise<void> {
    if (!this.#running) {
      this.#running = true;
      process.nextTick(() => void this.#flush());
    }
    return new Promise((resolve, reject) => this.#waiting.push({ item, resolve, reject }));
  }

  async #flush(): Promise<void> {
    const group = this.#waiting;
    this.#waiting = [];
    try {
      const pending = this.#commit(group.map(({ item }) => item));
      // A store that commits at once is not made to wait a turn.
      if (pending) await pending;
      for (const { resolve } of group) resolve();
    } catch (error) {
      for (const { reject } of group) reject(error);
    }
    this.#running = false;
    if (this.#waiting.length === 0) return;
    this.#running = true;
    process.nextTick(() => void this.#flush());
  }
}
