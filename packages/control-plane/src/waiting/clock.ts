/** The plane's time: Unix ms that never run backwards within a process, whatever the wall clock is set to. */
export type Clock = () => number;

export function monotonicClock(): Clock {
  const anchor = Date.now() - performance.now();
  return () => Math.floor(anchor + performance.now());
}

/**
 * The longest timer, in ms: `setTimeout` takes 31 bits. A longer wait fires early, and its caller looks at the clock
 * again.
 */
export const maxTimerMs = 2_000_000_000;

/** Resolves after `ms`, or as soon as the signal aborts. Never rejects; true when the time was over. */
export function sleep(ms: number, signal?: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    if (signal?.aborted) {
      resolve(false);
      return;
    }
    const done = (over: boolean): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', aborted);
      resolve(over);
    };
    const aborted = (): void => done(false);
    const timer = setTimeout(() => done(true), Math.min(Math.max(0, ms), maxTimerMs));
    signal?.addEventListener('abort', aborted, { once: true });
  });
}

/** Waits for work that never rejects, for at most `ms`. */
export async function atMost(ms: number, work: Promise<unknown>): Promise<void> {
  const over = new AbortController();
  await Promise.race([work, sleep(ms, over.signal)]);
  over.abort();
}

/** The earliest of the times that are known; undefined when none is. */
export function earliest(...times: readonly (number | undefined)[]): number | undefined {
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}
