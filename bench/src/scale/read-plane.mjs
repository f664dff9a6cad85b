// One opening of a data directory in a fresh process, and what it took. Plain JavaScript, because stripping types takes
// memory that is not the plane's. `read-plane.mjs <log | plane | files> <data directory>`
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { acquireLock, openEventLog } from '@runtime/event-log';
import { openControlPlane, openReadOnlyPlane } from '@runtime/control-plane';

const [, , what = '', dataDir = ''] = process.argv;
const resolution = 1;
const histogram = monitorEventLoopDelay({ resolution });

/**
 * @template T
 * @param {() => Promise<T>} work
 */
async function timed(work) {
  histogram.enable();
  histogram.reset();
  const cpu = process.cpuUsage();
  const start = performance.now();
  const result = await work();
  const ms = performance.now() - start;
  const { user, system } = process.cpuUsage(cpu);
  // A stand that lasts up to now is seen at the next beat.
  await new Promise((resolve) => setTimeout(resolve, 2 * resolution));
  histogram.disable();
  return { result, ms, cpuMs: (user + system) / 1000, standMs: Math.max(0, histogram.max / 1e6 - resolution) };
}

/** @param {() => Promise<import('@runtime/contracts').ControlPlane>} open */
async function plane(open) {
  const { result: plane, ...opening } = await timed(open);
  const { result: tasks, ...listing } = await timed(() => plane.tasks({ limit: 50 }));
  const { result: status } = await timed(() => plane.task(tasks.at(-1)?.id ?? '').status());
  if (status.status !== 'succeeded') throw new Error(`a task ${status.status}`);
  const { result: _, ...closing } = await timed(() => plane.close());
  return { opening, listing, closing };
}

/** @type {Record<string, () => Promise<object>>} */
const readings = {
  async log() {
    const lock = await acquireLock(join(dataDir, 'lock.db'));
    const { result: log, ...opening } = await timed(() => openEventLog({ dir: join(dataDir, 'log'), lock }));
    const { result: _, ...closing } = await timed(() => log.close());
    await lock.release();
    return { opening, listing: opening, closing };
  },
  plane: () => plane(() => openControlPlane({ dataDir, adapters: [] })),
  files: () => plane(() => openReadOnlyPlane({ dataDir })),
};

const reading = await readings[what]?.();
console.log(JSON.stringify({ ...reading, megabytes: process.resourceUsage().maxRSS / 1024 }));
