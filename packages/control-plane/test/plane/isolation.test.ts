import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { memoryRuntime } from '@runtime/conformance/memory-runtime';
import { expect, it } from 'vitest';
import { hostile, seen } from '../support/hostile.ts';
import { makePlaces, openPlane, retry } from '../support/planes.ts';

it('an instruction that is larger than the log takes is refused, and the task goes on', async () => {
  await using places = await makePlaces();
  await using plane = await openPlane(places, { adapters: [memoryRuntime({ script: () => [{ do: 'hang' }] })] });
  const task = await plane.submit({ prompt: 'go', workspace: places.workspace });
  await seen(plane, task.id, 'turn.started');
  const image = { type: 'image' as const, mediaType: 'image/png', data: 'A'.repeat(12 * 1024 * 1024) };
  await expect(task.steer([image, image])).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  expect(await task.status()).toMatchObject({ status: 'running' });
  await task.cancel();
  expect(await task.outcome()).toEqual({ status: 'cancelled' });
});

it('a task that cannot be launched for a reason of its own does not open the breaker of the runtime', async () => {
  await using places = await makePlaces();
  const env = { file: join(places.root, 'env') };
  await writeFile(env.file, 'A=b', { mode: 0o600 });
  // Between the last look and the launch.
  const failpoint = async (name: string) => {
    if (name === 'append.after:run.starting') await rm(env.file);
  };
  await using plane = await openPlane(places, { adapters: [memoryRuntime()], failpoint });
  const task = await plane.submit({ prompt: 'go', workspace: places.workspace, env, retry });
  expect(await task.outcome()).toMatchObject({ status: 'failed', code: 'invalid_request' });
  expect((await task.status()).runs).toHaveLength(1);
  expect((await plane.runtimes())[0]).toMatchObject({ breaker: 'closed' });
});

it('the workspace of a run whose runtime is no longer configured is not given to another task', async () => {
  await using places = await makePlaces();
  const first = await openPlane(places, { adapters: [memoryRuntime({ script: () => [{ do: 'hang' }] })] });
  const { id } = await first.submit({ prompt: 'go', workspace: places.workspace });
  await seen(first, id, 'turn.started');
  await first.close();
  const looked = Promise.withResolvers<void>();
  const other = hostile(
    { id: 'other' },
    {
      adapter: (inner) => ({
        probe: async (call) => {
          looked.resolve();
          return inner.probe(call);
        },
      }),
    },
  );
  await using second = await openPlane(places, { adapters: [other] });
  const task = await second.submit({ prompt: 'go', workspace: places.workspace });
  const beside = await mkdtemp(join(places.root, 'beside-'));
  const elsewhere = await second.submit({ prompt: 'go', workspace: beside });
  await looked.promise;
  expect(await elsewhere.outcome()).toEqual({ status: 'succeeded' });
  expect(await task.status()).toMatchObject({ status: 'queued' });
  await task.cancel();
  await task.outcome();
});
