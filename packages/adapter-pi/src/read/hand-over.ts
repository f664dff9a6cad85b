import { Changes } from './changes.ts';
import type { Reading, Translated } from './reading.ts';

/** Why a hand-over ended. `cut`: the reader fell behind, and continues from `reading` by itself. */
export type HandOverEnd =
  | { readonly kind: 'over'; readonly last: Translated }
  | { readonly kind: 'cut'; readonly reading: Reading }
  | { readonly kind: 'failed'; readonly error: Error }
  | { readonly kind: 'closed' };

/**
 * A bounded queue of translated records from `PiOutput`, which never waits, to the reader of the events, which may be
 * slow.
 */
export class HandOver {
  readonly #maxBytes: number;
  readonly #changes = new Changes();
  #waiting: Translated[] = [];
  #bytes = 0;
  #end: HandOverEnd | undefined;

  /** `maxBytes` counts the output that the records were made of. One record may exceed it. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** The reader is too far behind: nothing more may be put in. */
  get isFull(): boolean {
    return this.#bytes >= this.#maxBytes;
  }

  put(record: Translated): void {
    if (record.events.length === 0) return;
    this.#waiting.push(record);
    this.#bytes += record.end - record.start;
    this.#changes.notify();
  }

  /** Closes the queue. Records that are in it can still be taken. */
  end(end: HandOverEnd): void {
    this.#end ??= end;
    this.#changes.notify();
  }

  /** Yields the records in order and returns why the hand-over ended; `closed` if `signal` is aborted. */
  async *take(signal: AbortSignal): AsyncGenerator<Translated, HandOverEnd, undefined> {
    while (!signal.aborted) {
      const records = this.#waiting;
      this.#waiting = [];
      for (const record of records) {
        if (signal.aborted) break;
        this.#bytes -= record.end - record.start;
        yield record;
      }
      if (this.#waiting.length > 0) continue;
      if (this.#end) return this.#end;
      await this.#changes.next([signal]);
    }
    return { kind: 'closed' };
  }
}
