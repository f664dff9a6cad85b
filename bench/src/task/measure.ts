import { setTimeout as sleep } from 'node:timers/promises';
import { percentile, secondsSince, type Params, type Sample } from '../harness/contender.ts';
import { usage, used } from '../harness/usage.ts';

/** What every task does. */
export const command = 'true';

/** So long after the last task its processes have been waited for, in ms. */
const settleMs = 50;

/** Runs `tasks` of them, `concurrency` at a time. */
export async function runTasks({ tasks = 1, concurrency = 1 }: Params, run: () => Promise<void>): Promise<Sample> {
  const waits: number[] = [];
  let left = tasks;
  const work = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const began = performance.now();
      await run();
      waits.push(performance.now() - began);
    }
  };
  const before = usage();
  const start = process.hrtime.bigint();
  await Promise.all(Array.from({ length: concurrency }, work));
  const perSecond = tasks / secondsSince(start);
  await sleep(settleMs);
  const { ownMs, childrenMs } = used(before, usage());
  return {
    perSecond,
    p50: percentile(waits, 0.5),
    p99: percentile(waits, 0.99),
    ownMs: ownMs / tasks,
    childrenMs: childrenMs / tasks,
  };
}
