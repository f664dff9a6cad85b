type Wake = (before: number | undefined) => void;

/** Readers that wait at the end of the log. A reader of one stream is not woken by appends to others. */
export class Wakeups {
  readonly #all = new Set<Wake>();
  readonly #byStream = new Map<string, Set<Wake>>();

  readonly #onWait: (() => void) | undefined;

  /** `onWait` is called whenever a reader begins to wait. */
  constructor(onWait?: () => void) {
    this.#onWait = onWait;
  }

  get waiting(): number {
    return this.#all.size + this.#byStream.size;
  }

  /** The streams that readers wait for. */
  get streams(): Iterable<string> {
    return this.#byStream.keys();
  }

  /**
   * Resolves after the next append (to this stream) with the position before it: no wanted event lies before that.
   * Resolves with undefined when the signal aborts, and for `wakeAll`.
   */
  wait(stream: string | undefined, signal: AbortSignal | undefined): Promise<number | undefined> {
    return new Promise((resolve) => {
      const waiters = this.#waiters(stream);
      const done: Wake = (before) => {
        waiters.delete(done);
        if (stream !== undefined && waiters.size === 0 && this.#byStream.get(stream) === waiters)
          this.#byStream.delete(stream);
        signal?.removeEventListener('abort', aborted);
        resolve(before);
      };
      const aborted = () => done(undefined);
      waiters.add(done);
      this.#onWait?.();
      signal?.addEventListener('abort', aborted);
      if (signal?.aborted) aborted();
    });
  }

  /** Wakes the readers of these streams: events were appended to them after position `before`. */
  wake(before: number, streams: Iterable<string>): void {
    for (const done of this.#all) done(before);
    if (this.#byStream.size === 0) return;
    for (const stream of streams) for (const done of this.#byStream.get(stream) ?? []) done(before);
  }

  /** Wakes every reader: the log was closed, was read again after a repair, or can no longer be read. */
  wakeAll(): void {
    for (const done of this.#all) done(undefined);
    for (const waiters of this.#byStream.values()) for (const done of waiters) done(undefined);
  }

  #waiters(stream: string | undefined): Set<Wake> {
    if (stream === undefined) return this.#all;
    let waiters = this.#byStream.get(stream);
    if (!waiters) this.#byStream.set(stream, (waiters = new Set()));
    return waiters;
  }
}
