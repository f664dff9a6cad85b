import { setTimeout as sleep } from 'node:timers/promises';
import type { ControlPlane } from '@runtime/contracts';

/**
 * Resolves when no task was unfinished and no client connected for `idleMs`, or at once when `signal` aborts.
 * Polls ten times in the interval, but at least every 15 s: a client that comes and goes between two polls is missed.
 */
export async function untilIdle(plane: Pick<ControlPlane, 'info'>, idleMs: number, signal: AbortSignal): Promise<void> {
  const pauseMs = Math.min(15_000, Math.max(10, idleMs / 10));
  let idleSince: number | undefined;
  while (!signal.aborted) {
    const { unfinished, clients } = await plane.info();
    const now = performance.now();
    if (unfinished > 0 || clients > 0) idleSince = undefined;
    else idleSince ??= now;
    if (idleSince !== undefined && now - idleSince >= idleMs) return;
    await sleep(pauseMs, undefined, { signal }).catch(() => {});
  }
}
