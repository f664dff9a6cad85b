import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const gatePollMs = 5;

/** Waits, and ends early without an error when the run is aborted: the caller looks at the signal. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (ms > 0 && !signal.aborted) await sleep(ms, undefined, { signal }).catch(() => {});
}

export async function untilFile(file: string, signal: AbortSignal): Promise<void> {
  while (!signal.aborted && !existsSync(file)) await pause(gatePollMs, signal);
}

export function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    // The timer keeps the process alive; nothing else may.
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

/** Lets everything that is already waiting happen first. */
export function tick(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
