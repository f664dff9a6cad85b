import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const gatePollMs = 5;

/** Waits. An abort ends the wait without an error: the caller checks the signal. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (ms > 0 && !signal.aborted) await sleep(ms, undefined, { signal }).catch(() => {});
}

/** Waits until the file exists, or until the abort. */
export async function untilFile(file: string, signal: AbortSignal): Promise<void> {
  while (!signal.aborted && !existsSync(file)) await pause(gatePollMs, signal);
}

/** Waits for the abort, and keeps the process alive meanwhile. */
export function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    // A timer keeps the process alive; a pending promise does not.
    const timer = setInterval(() => {}, 2 ** 30);
    signal.addEventListener(
      'abort',
      () => {
        clearInterval(timer);
        resolve();
      },
      { once: true },
    );
  });
}

/** Resolves after all work that is already queued. */
export function tick(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
