import { Changes } from './changes.ts';
import type { Reading, Translated } from './reading.ts';

/** How a hand-over ended: with the output, or because the reader fell behind and goes on from `reading` by itself. */
export type HandOverEnd =
  | { readonly kind: 'over'; readonly last: Translated }
  | { readonly kind: 'cut'; readonly reading: Reading }
  | { readonly kind: 'failed'; readonly error: Error }
  | { readonly kind: 'closed' };

/** Translated records on their way from `PiOutput`, which never waits, to the one reader of the events, which may be slow. */
export class HandOver {
  readonly #maxBytes: number;
  readonly #changes = new Changes();
  #waiting: Translated[] = [];
  #bytes = 0;
  #end: HandOverEnd | undefined;

  /** `maxBytes`: of Pi's output, as a measure of what its events take; exceeded by at most one record. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** The reader is so far behind that nothing more should be put in. */
  get isFull(): boolean {
    return this.#bytes >= this.#maxBytes;
  }

  put(record: Translated): void {
    if (record.events.length === 0) return;
    this.#waiting.push(record);
    this.#bytes += record.end - record.start;
    this.#changes.notify();
  }

  /** Nothing more is put in. What is in there is still read. */
  end(end: HandOverEnd): void {
    this.#end ??= end;
    this.#changes.notify();
  }

  /** What was put in, in order; returns how it ended. Aborting `signal` ends it as `closed`. */
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
