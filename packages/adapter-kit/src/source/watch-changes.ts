import { watch, type FSWatcher } from 'node:fs';

/** A watch on a file or directory. */
export interface ChangeWatch {
  /**
   * Resolves at the next change since the last call, or after the poll interval, or when `signal` aborts. Never
   * rejects.
   */
  next(signal?: AbortSignal): Promise<void>;
  /** As a change. */
  wake(): void;
  close(): void;
}

/** Options of `watchChanges`. */
export interface WatchOptions {
  /** Whether the change of this file wakes; undefined where the system does not say which file. @default all do */
  readonly heeds?: (name: string | undefined) => boolean;
}

/** Where nothing can be watched (no inotify instance left, a network disk) polling is all there is, so it is faster. */
const blindPollMs = 100;

/**
 * Wakes a reader when a file or directory changes. Changes before the first `next` count: start watching, look, then
 * wait, and nothing is missed.
 * `pollMs` is the longest wait: watching is an optimisation, never a guarantee. With `Infinity`, somebody else calls
 * `wake` now and then.
 */
export function watchChanges(path: string, pollMs: number, { heeds = () => true }: WatchOptions = {}): ChangeWatch {
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
    watcher = watch(path, (_type, name) => {
      if (heeds(name ?? undefined)) notice();
    }).on('error', goBlind);
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
        const timer = interval === Infinity ? undefined : setTimeout(done, interval);
        wake = done;
        if (changed || signal?.aborted) done();
        else signal?.addEventListener('abort', done, { once: true });
      }),
    wake: notice,
    close: () => {
      watcher?.close();
      watcher = undefined;
      wake?.();
    },
  };
}
