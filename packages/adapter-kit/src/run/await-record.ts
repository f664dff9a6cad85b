import { setTimeout as delay } from 'node:timers/promises';
import { isAlive, signalProcess, type ProcessIdentity } from '../process/identity.ts';
import type { RunPlace } from './run-paths.ts';
import { readExitRecord } from './run-record.ts';

/** How long a holder may take to see that its agent is gone and to write it down, on a machine that hangs. */
const writeMs = 60_000;
/** How long it may take to make a written record durable. The exit is known by then, so nothing is lost after it. */
const syncMs = 5000;

/**
 * Waits for the holder of an agent that is gone: until it has recorded the exit and ended. A holder that
 * was stopped is told to go on, and one that lives has a minute to write the record: a code that was observed must not
 * become `unknown` because a disk is slow.
 * `stays`: the holder does not end by itself; its record is enough.
 */
export async function awaitRecord({ runDir }: RunPlace, holder: ProcessIdentity, stays = false): Promise<void> {
  const began = performance.now();
  let writtenAt: number | undefined;
  await signalProcess(holder, 'SIGCONT');
  for (let pause = 2; await isAlive(holder); pause = Math.min(pause * 2, 50)) {
    const record = await readExitRecord(runDir);
    if (stays && record) return;
    const now = performance.now();
    if (record) writtenAt ??= now;
    if (now - began >= writeMs || (writtenAt !== undefined && now - writtenAt >= syncMs)) return;
    await delay(pause);
  }
}
