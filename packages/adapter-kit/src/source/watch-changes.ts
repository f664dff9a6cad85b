import { watch, type FSWatcher } from 'node:fs';

/** A watch on a file or directory. */
export interface ChangeWatch {
  /**
   * Resolves at the next change since the last call, or after the poll interval, or when `signal` aborts. Never
   * rejects.
   */
  next(signal?: AbortSignal): Promise<void>;
  close(): void;
}

/** Where nothing can be watched (no inotify instance left, a network disk) polling is all there is, so it is faster. */
const blindPollMs = 100;

/**
 * Wakes a reader when a file or directory changes. Changes before the first `next` count: start watching, look, then
 * wait, and nothing is missed.
 * `pollMs` is the longest wait: watching is an optimisation, never a guarantee.
 */
export function watchChanges(path: string, pollMs: number): ChangeWatch {
  let changed = false;
  let wake: (() => void) | undefined;
  let watcher: FSWatcher | undefined;
  let interval = pollMs;
  const notice = (): void => {
    changed = true;
    wake?.();
  };
  const goBlind = (): void => {
    watcher?.close();
    watcher = undefined;
    interval = Math.min(pollMs, blindPollMs);
  };
  try {
    watcher = watch(path, notice).on('error', goBlind);
  } catch {
    goBlind();
  }
  return {
    next: (signal) =>
      new Promise((resolve) => {
        const done = (): void => {
          clearTimeout(timer);
          signal?.removeEventListener('abort', done);
          wake = undefined;
          changed = false;
          resolve();
        };
        const timer = setTimeout(done, interval);
        wake = done;
        if (changed || signal?.aborted) done();
        else signal?.addEventListener('abort', done, { once: true });
      }),
    close: () => {
      watcher?.close();
      watcher = undefined;
      wake?.();
    },
  };
}
