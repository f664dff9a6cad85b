/** Notifies listeners of a change, and lets a caller wait for the next one. */
export class Changes {
  readonly #listeners = new Set<() => void>();

  /** Calls `listener` at every change. Returns a function that removes it. */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  notify(): void {
    for (const listener of this.#listeners) listener();
  }

  /** Resolves at the next change, or when one of the signals is aborted. */
  next(signals: readonly (AbortSignal | undefined)[]): Promise<void> {
    return new Promise((resolve) => {
      const given = signals.filter((signal) => signal !== undefined);
      const done = (): void => {
        remove();
        for (const signal of given) signal.removeEventListener('abort', done);
        resolve();
      };
      const remove = this.listen(done);
      for (const signal of given) {
        if (signal.aborted) return done();
        signal.addEventListener('abort', done, { once: true });
      }
    });
  }
}
