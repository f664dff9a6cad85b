import { memoryRuntime } from '@runtime/conformance/memory-runtime';
import { expect, it } from 'vitest';
import { faultyFs } from '../support/faulty-fs.ts';
import { makePlaces, openPlane } from '../support/planes.ts';

it('a key stands for one task when three submit with it and the first finds the disk full', async () => {
  await using places = await makePlaces();
  const { fs, faults } = faultyFs();
  await using plane = await openPlane(places, { adapters: [memoryRuntime()], logFs: fs });
  // Full for one write.
  Object.defineProperty(faults, 'full', { get: () => faults.refused === 0 });
  const request = { prompt: 'go', workspace: places.workspace, key: 'k' };
  const settled = await Promise.allSettled([1, 2, 3].map(() => plane.submit(request)));
  expect(settled.map(({ status }) => status).sort()).toEqual(['fulfilled', 'fulfilled', 'rejected']);
  expect(await plane.tasks()).toHaveLength(1);
});

it('a task that is listed can be reached', async () => {
  await using places = await makePlaces();
  let gap = (): void => undefined;
  const failpoint = (name: string): void => {
    if (name === 'append.after:task.submitted') gap();
  };
  await using plane = await openPlane(places, { adapters: [memoryRuntime()], failpoint });
  let found: Promise<unknown> = Promise.reject(new Error('not asked'));
  found.catch(() => undefined);
  gap = () => {
    found = plane.tasks().then(async (views) => {
      expect(views).toHaveLength(1);
    });
  };
  await plane.submit({ prompt: 'go', workspace: places.workspace });
  await found;
});
