import { readdir } from 'node:fs/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Contender } from '../harness/contender.ts';
import { diskUse } from '../harness/disk-use.ts';
import { runTasks } from '../task/measure.ts';
import { openPlane } from '../task/open-plane.ts';

const kilobyte = 1024;

/** One plane that runs task after task. A run tells what each of its tasks has added for good. */
export default async function manyTasks(dir: string): Promise<Contender> {
  const { plane, dataDir, runTask } = await openPlane(dir);
  let before = await held(dataDir);
  return {
    async run({ tasks = 1, concurrency = 4 }) {
      const { perSecond = 0, ownMs = 0 } = await runTasks({ tasks, concurrency }, runTask);
      const after = await held(dataDir);
      const each = (key: keyof typeof after): number => (after[key] - before[key]) / tasks;
      const sample = {
        external: each('external') / kilobyte,
        heap: each('heap') / kilobyte,
        resident: each('resident') / kilobyte,
        disk: each('disk') / kilobyte,
        entries: each('entries'),
        externalNow: after.external / kilobyte / kilobyte,
        residentNow: after.resident / kilobyte / kilobyte,
        descriptors: after.descriptors,
        perSecond,
        ownMs,
      };
      before = after;
      return sample;
    },
    close: () => plane.close(),
  };
}

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** What is held once the garbage is gone. */
async function held(dataDir: string) {
  collectGarbage();
  // What a finalizer frees is freed a turn later.
  await new Promise(setImmediate);
  collectGarbage();
  const { external, heapUsed: heap, rss: resident } = process.memoryUsage();
  const { bytes: disk, entries } = await diskUse(dataDir);
  const descriptors = (await readdir('/proc/self/fd').catch(() => [])).length;
  return { external, heap, resident, disk, entries, descriptors };
}
