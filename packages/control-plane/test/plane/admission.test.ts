import { memoryRuntime } from '@runtime/conformance/memory-runtime';
import type { Scheduler } from '@runtime/contracts';
import { expect, it } from 'vitest';
import { fifo } from '../../src/index.ts';
import { hostile, seen } from '../support/hostile.ts';
import { makePlaces, openPlane, retry } from '../support/planes.ts';

it('a scheduler that throws starts nothing that time, and is asked again', async () => {
  await using places = await makePlaces();
  const inner = fifo();
  let asked = 0;
  const scheduler: Scheduler = {
    admit: (state, now) => {
      asked += 1;
      if (asked < 3) throw new Error('confused');
      return inner.admit(state, now);
    },
  };
  await using plane = await openPlane(places, { adapters: [memoryRuntime()], scheduler });
  const task = await plane.submit({ prompt: 'go', workspace: places.workspace });
  expect(await task.outcome()).toEqual({ status: 'succeeded' });
});

it('no more tasks run than the scheduler admits, also when one gets an instruction while its runtime is probed', async () => {
  await using places = await makePlaces();
  const probe = Promise.withResolvers<void>();
  const probing = Promise.withResolvers<void>();
  let running = 0;
  let most = 0;
  const adapter = hostile(
    { script: () => [{ do: 'hang' }] },
    {
      adapter: (inner) => ({
        probe: async (call) => {
          probing.resolve();
          await probe.promise;
          return inner.probe(call);
        },
        start: async (launch, call) => {
          running += 1;
          most = Math.max(most, running);
          return inner.start(launch, call);
        },
      }),
    },
  );
  await using plane = await openPlane(places, { adapters: [adapter], scheduler: fifo({ concurrency: 1 }) });
  const one = await plane.submit({ prompt: 'one', workspace: places.workspace, shareWorkspace: true });
  await probing.promise;
  const two = await plane.submit({ prompt: 'two', workspace: places.workspace, shareWorkspace: true });
  await one.steer('more');
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  probe.resolve();
  await seen(plane, one.id, 'turn.started');
  await expect(two.status()).resolves.toMatchObject({ status: 'queued' });
  expect(most).toBe(1);
  await one.cancel();
  await two.cancel();
  await Promise.all([one.outcome(), two.outcome()]);
});

it('a task whose time has not come does not start, although the scheduler says so', async () => {
  await using places = await makePlaces();
  const occupied: number[] = [];
  const scheduler: Scheduler = {
    admit: ({ queued, running }) => {
      occupied.push(running.length);
      return [...queued].map(({ taskId }) => taskId);
    },
  };
  const adapter = memoryRuntime({ faults: { start: { code: 'UNAVAILABLE' } } });
  await using plane = await openPlane(places, { adapters: [adapter], scheduler });
  const request = { prompt: 'go', workspace: places.workspace, shareWorkspace: true };
  const patient = { maxAttempts: 3, baseDelayMs: 60_000, maxDelayMs: 60_000 };
  const task = await plane.submit({ ...request, retry: patient });
  await seen(plane, task.id, 'attempt.scheduled');
  const other = await plane.submit({ ...request, retry: { ...retry, maxAttempts: 1 } });
  await other.outcome();
  occupied.length = 0;
  await (await plane.submit({ ...request, retry: { ...retry, maxAttempts: 1 } })).outcome();
  expect(occupied[0]).toBe(0);
  expect(await task.status()).toMatchObject({ status: 'queued' });
});
