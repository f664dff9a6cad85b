import { deltaTypes, type SourceBatch } from '@runtime/contracts/adapter';
import { Increments } from './increments.ts';

export interface PumpOptions {
  /** Appends one batch; resolves when it is acknowledged. Calls do not overlap. */
  readonly append: (batch: SourceBatch) => Promise<void>;
  readonly windowMs: number;
  readonly clock: () => number;
}

/**
 * Moves a source into the log. The first increments after a pause are appended at once; those that follow within the
 * window are merged. Any other event flushes them first, so that the order is the source's.
 * Resolves when the source ends, throws what it throws.
 */
export async function pump(source: AsyncIterable<SourceBatch>, options: PumpOptions): Promise<void> {
  const appender = new Appender(options);
  try {
    for await (const batch of source) {
      appender.check();
      if (batch.events.length > 0) await appender.add(batch);
    }
  } finally {
    // What was read is appended, also when the source breaks off.
    await appender.close();
  }
  appender.check();
}

class Appender {
  readonly #options: PumpOptions;
  readonly #increments = new Increments();
  #lastFlush = -Infinity;
  #timer: NodeJS.Timeout | undefined;
  #flushing: Promise<void> = Promise.resolve();
  #failed: { readonly error: unknown } | undefined;

  constructor(options: PumpOptions) {
    this.#options = options;
  }

  /** Throws what a flush by the timer threw. */
  check(): void {
    if (this.#failed) throw this.#failed.error;
  }

  async add(batch: SourceBatch): Promise<void> {
    const { append, clock, windowMs } = this.#options;
    if (!batch.events.every((event) => deltaTypes.has(event.type))) {
      await this.#flush();
      await append(batch);
      this.#lastFlush = -Infinity;
      return;
    }
    if (!this.#increments.hasRoomFor(batch)) await this.#flush();
    this.#increments.add(batch);
    if (this.#increments.isFull || clock() - this.#lastFlush >= windowMs) await this.#flush();
    else this.#flushLater();
  }

  async close(): Promise<void> {
    if (!this.#failed) await this.#flush();
    clearTimeout(this.#timer);
  }

  #flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const batch = this.#increments.take();
    if (batch) {
      this.#lastFlush = this.#options.clock();
      this.#flushing = this.#flushing.then(() => this.#options.append(batch));
    }
    return this.#flushing;
  }

  #flushLater(): void {
    this.#timer ??= setTimeout(() => {
      this.#flush().catch((error: unknown) => {
        this.#failed ??= { error };
      });
    }, this.#options.windowMs);
  }
}
