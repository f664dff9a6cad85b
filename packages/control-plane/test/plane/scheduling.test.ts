import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { memoryRuntime, type MemoryStep } from '@runtime/conformance/memory-runtime';
import type { QueuedTask, Scheduler } from '@runtime/contracts';
import { expect, it } from 'vitest';
import { fifo } from '../../src/index.ts';
import { makePlaces, openPlane } from '../support/planes.ts';

/** Counts how often the scheduler is asked and how much it looks at. */
function counted(inner: Scheduler) {
  const seen = { asked: 0, looked: 0, mostRunning: 0 };
  const scheduler: Scheduler = {
    admit({ queued, running }, now) {
      seen.asked += 1;
      seen.mostRunning = Math.max(seen.mostRunning, running.length);
      function* looking(): Iterable<QueuedTask> {
        for (const task of queued) {
          seen.looked += 1;
          yield task;
        }
      }
      return inner.admit({ queued: looking(), running }, now);
    },
  };
  return { scheduler, seen };
}

it('takes two thousand tasks through, four at a time, without looking at all of them each time', async () => {
  await using places = await makePlaces();
  const { scheduler, seen } = counted(fifo({ concurrency: 4 }));
  let running = 0;
  let most = 0;
  const adapters = [
    memoryRuntime({
      script: function* () {
        running += 1;
        most = Math.max(most, running);
        yield { do: 'print', text: 'x' };
        running -= 1;
      },
    }),
  ];
  await using plane = await openPlane(places, { adapters, scheduler });
  const count = 2000;
  let ended = 0;
  const all = Promise.withResolvers<void>();
  plane.on('task.ended', () => {
    ended += 1;
    if (ended === count) all.resolve();
  });
  const tasks = await Promise.all(
    Array.from({ length: count }, () =>
      plane.submit({ prompt: 'x', workspace: places.workspace, shareWorkspace: true }),
    ),
  );
  await all.promise;
  expect(new Set(tasks.map(({ id }) => id)).size).toBe(count);
  expect(most).toBeLessThanOrEqual(4);
  expect(seen.mostRunning).toBeLessThanOrEqual(4);
  // Asked a few times for each task, and never looking further than it has room.
  expect(seen.asked).toBeLessThan(count * 6);
  expect(seen.looked).toBeLessThan(count * 8);
  expect((await plane.info()).unfinished).toBe(0);
});

it.each([
  ['a directory of it', 'repo', 'repo/packages/a'],
  ['the directory around it', 'repo/packages/a', 'repo'],
])(
  'lets a task wait while another one works in a repository, and this one is to work in %s',
  async (_, first, then) => {
    await using places = await makePlaces();
    for (const name of ['repo/packages/a', 'repo2']) await mkdir(join(places.workspace, name), { recursive: true });
    const gate = join(places.root, 'gate');
    const script = (): MemoryStep[] => [{ do: 'gate', until: gate }];
    await using plane = await openPlane(places, { adapters: [memoryRuntime({ script })] });
    const submit = (name: string) => plane.submit({ prompt: 'x', workspace: join(places.workspace, name) });
    const holder = await submit(first);
    await expect.poll(async () => (await holder.status()).status).toBe('running');
    const waiting = await submit(then);
    const beside = await submit('repo2');
    await expect.poll(async () => (await beside.status()).status).toBe('running');
    await expect
      .poll(async () => (await waiting.status()).waitingFor)
      .toMatchObject({ kind: 'workspace', taskId: holder.id });
    await writeFile(gate, '');
    expect(await waiting.outcome()).toEqual({ status: 'succeeded' });
  },
);

it('starts nothing that a scheduler makes up, and nothing twice', async () => {
  await using places = await makePlaces();
  let open = false;
  const scheduler: Scheduler = {
    admit: ({ queued }) => {
      if (!open) return ['task-nowhere'];
      const ids = [...queued].map(({ taskId }) => taskId);
      return [...ids, ...ids, 'task-nowhere'];
    },
  };
  await using plane = await openPlane(places, { adapters: [memoryRuntime()], scheduler });
  const one = await plane.submit({ prompt: 'x', workspace: places.workspace });
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect((await one.status()).status).toBe('queued');
  open = true;
  await mkdir(join(places.root, 'other'));
  const two = await plane.submit({ prompt: 'x', workspace: join(places.root, 'other') });
  expect([await one.outcome(), await two.outcome()]).toEqual([{ status: 'succeeded' }, { status: 'succeeded' }]);
  expect((await one.status()).runs).toHaveLength(1);
});
