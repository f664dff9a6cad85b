import { lookAgainMs } from './clock.ts';

/** Wakes waiters when something changed. A waiter looks itself what it was; a ring between two waits is not lost. */
export class Bell {
  #rings = 0;
  #waiters = new Set<() => void>();

  get rings(): number {
    return this.#rings;
  }

  ring(): void {
    this.#rings += 1;
    const waiters = this.#waiters;
    this.#waiters = new Set();
    for (const wake of waiters) wake();
  }

  /**
   * Resolves at once when the bell rang after `seen`, else at the next ring, after `timeoutMs` or `lookAgainMs`, or
   * when the signal aborts. Never rejects.
   */
  wait(
    seen: number,
    options: { readonly timeoutMs?: number | undefined; readonly signal?: AbortSignal | undefined } = {},
  ): Promise<void> {
    const { timeoutMs, signal } = options;
    if (this.#rings !== seen || signal?.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        this.#waiters.delete(done);
        if (timer) clearTimeout(timer);
        signal?.removeEventListener('abort', done);
        resolve();
      };
      const timer =
        timeoutMs === undefined ? undefined : setTimeout(done, Math.min(Math.max(0, timeoutMs), lookAgainMs));
      this.#waiters.add(done);
      signal?.addEventListener('abort', done, { once: true });
    });
  }
}
