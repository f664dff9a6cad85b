/** Time for the plane: unix milliseconds that never run backwards while we live, whatever the wall clock is set to. */
export type Clock = () => number;

export function monotonicClock(): Clock {
  const anchor = Date.now() - performance.now();
  return () => Math.floor(anchor + performance.now());
}

/** `setTimeout` takes 31 bits of milliseconds; a longer wait fires early and its caller looks at the clock again. */
export const maxTimerMs = 2_000_000_000;

/** Resolves after `ms` or as soon as the signal aborts, never throws; true when the time was over. */
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

/** Waits for work that never rejects, but no longer than this. */
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
