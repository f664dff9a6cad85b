import type { Contender } from '../harness/contender.ts';
import { diskUse } from '../harness/disk-use.ts';
import { usage, used } from '../harness/usage.ts';
// Before anything that reads files.
import { looks } from './looks.ts';
import { openPlane } from './open-plane.ts';
import { runTasks } from './measure.ts';

/** What a task costs in things that can be counted: these do not swing with the machine. */
export default async function counted(dir: string): Promise<Contender> {
  const { plane, dataDir, runTask } = await openPlane(dir);
  return {
    async run({ tasks = 1, concurrency = 1 }) {
      const [disk, use, seen] = [await diskUse(dataDir), usage(), { ...looks }];
      await runTasks({ tasks, concurrency }, runTask);
      const scans = looks.scans - seen.scans;
      const processes = (looks.listed - seen.listed) / Math.max(1, scans);
      const reads = looks.reads - seen.reads;
      const { writtenBytes } = used(use, usage());
      const { entries, bytes } = await diskUse(dataDir);
      return {
        scans: scans / tasks,
        processes,
        reads: reads / tasks,
        stats: (looks.stats - seen.stats) / tasks,
        writtenKb: writtenBytes / 1024 / tasks,
        entries: (entries - disk.entries) / tasks,
        diskKb: (bytes - disk.bytes) / 1024 / tasks,
      };
    },
    close: () => plane.close(),
  };
}
