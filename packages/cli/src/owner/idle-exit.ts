import { setTimeout as sleep } from 'node:timers/promises';
import type { ControlPlane } from '@runtime/contracts';

/**
 * Resolves once no task was unfinished and no client connected for `idleMs`, or at once when `signal` aborts.
 * Asks slowly: at most every 15 s, at least ten times in the interval, so that somebody who came and went between two looks costs little.
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
