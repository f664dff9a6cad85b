import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { local } from '@runtime/adapter-local';
import type { ControlPlane, TaskHandle } from '@runtime/contracts';
import { fifo, openControlPlane } from '@runtime/control-plane';
import type { Contender } from '../harness/contender.ts';
import { usage, used } from '../harness/usage.ts';

const most = 64;
/** What a start leaves to be done is done by then, in ms. */
const settleMs = 1500;

/** A plane whose agents say nothing. A run of it has as many agents as it is told, and never fewer than before. */
export default async function silent(dir: string): Promise<Contender> {
  const workspace = join(dir, 'workspace');
  await mkdir(workspace);
  const plane = await openControlPlane({
    dataDir: join(dir, 'data'),
    adapters: [local({ command: ['sleep', '86400'] })],
    scheduler: fifo({ concurrency: most }),
  });
  const tasks: TaskHandle[] = [];
  return {
    async run({ runs = 0, milliseconds = 0 }) {
      while (tasks.length < runs) tasks.push(await started(plane, workspace));
      await sleep(settleMs);
      const before = usage();
      await sleep(milliseconds);
      const { sleeps, ownMs } = used(before, usage());
      const seconds = milliseconds / 1000;
      return { wakes: sleeps / seconds, ownMs: ownMs / seconds };
    },
    async close() {
      for (const task of tasks) await task.cancel();
      for (const task of tasks) await task.outcome();
      await plane.close();
    },
  };
}

async function started(plane: ControlPlane, workspace: string): Promise<TaskHandle> {
  const task = await plane.submit({ prompt: 'go', workspace, shareWorkspace: true });
  for await (const { type } of task.events()) {
    if (type === 'run.started') return task;
  }
  throw new Error('a silent agent ended');
}
