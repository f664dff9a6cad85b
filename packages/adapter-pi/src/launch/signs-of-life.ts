import { stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { ranMs } from '@runtime/adapter-kit/process';
import { runPaths } from '@runtime/adapter-kit/run';
import type { RuntimeHandle } from '@runtime/contracts/adapter';

/** A process that gets less of a processor than this does nothing, also beside thirty others. */
const busyShare = 0.02;
/** A program that only spins is given up after so many times its limit. */
export const maxLimits = 10;

/**
 * Resolves once the process of a run has shown no sign of life for `limitMs`: it wrote nothing and hardly ran. Where
 * running cannot be observed, only what it writes counts. Resolves after ten times the limit in any case, or when
 * `signal` aborts.
 */
export async function untilQuiet(handle: RuntimeHandle, limitMs: number, signal: AbortSignal): Promise<void> {
  let before = { written: 0, ran: 0 };
  for (let limits = 0; limits < maxLimits; limits += 1) {
    await sleep(limitMs, undefined, { signal, ref: false }).catch(() => {});
    if (signal.aborted) return;
    const now = await signsOf(handle);
    if (now.written === before.written && now.ran - before.ran < limitMs * busyShare) return;
    before = now;
  }
}

async function signsOf({ runId, runDir }: RuntimeHandle): Promise<{ written: number; ran: number }> {
  const { stdout, stderr } = runPaths(runDir);
  const sizes = await Promise.all([stdout, stderr].map(sizeOf));
  return { written: sizes.reduce((sum, size) => sum + size, 0), ran: await ranMs(runId).catch(() => 0) };
}

const sizeOf = (file: string): Promise<number> =>
  stat(file).then(
    ({ size }) => size,
    () => 0,
  );
