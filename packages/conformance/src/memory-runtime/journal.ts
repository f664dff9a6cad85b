import { AgentRuntimeError } from '@runtime/contracts';
import type { ReadEventsOptions, SessionEvent, SourceBatch } from '@runtime/contracts/adapter';

/** The records of a run in memory: it stands for a file that is appended to and followed. */
export class Journal {
  readonly #records: SourceBatch[] = [];
  readonly #waiting = new Set<() => void>();
  #closed = false;

  /** Adds one record with all these events. Ignored after `close`. */
  append(...events: SessionEvent[]): void {
    if (this.#closed) return;
    this.#records.push({ cursor: String(this.#records.length + 1), events, at: Date.now() });
    this.#wake();
  }

  /** Ends the journal: readers end once they have read the rest. */
  close(): void {
    this.#closed = true;
    this.#wake();
  }

  /**
   * Yields every record after the cursor, then with `follow` each new one, until the journal is closed or `signal` is
   * aborted.
   */
  async *read(
    { after, follow = true }: Pick<ReadEventsOptions, 'after' | 'follow'>,
    signal: AbortSignal,
  ): AsyncGenerator<SourceBatch, void, undefined> {
    let next = this.#positionOf(after);
    while (!signal.aborted) {
      const record = this.#records[next];
      if (record) {
        next += 1;
        yield record;
      } else if (this.#closed || !follow) return;
      else await this.#changed(signal);
    }
  }

  #positionOf(after: string | undefined): number {
    if (after === undefined) return 0;
    const position = /^\d{1,9}$/.test(after) ? Number(after) : Infinity;
    if (position <= this.#records.length) return position;
    throw new AgentRuntimeError('INVALID_ARGUMENT', `no such cursor: ${after.slice(0, 100)}`);
  }

  #changed(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.#waiting.delete(done);
        signal.removeEventListener('abort', done);
        resolve();
      };
      this.#waiting.add(done);
      signal.addEventListener('abort', done);
    });
  }

  #wake(): void {
    for (const done of this.#waiting) done();
  }
}
