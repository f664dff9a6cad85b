import { setTimeout as sleep } from 'node:timers/promises';
import type { MemoryRuntimeOptions } from '@runtime/conformance/memory-runtime';
import { expect, it } from 'vitest';
import { hostile, never, seen } from '../support/hostile.ts';
import { eventsOf, makePlaces, openPlane, typesOf } from '../support/planes.ts';

it('a recovery that could not look is repeated, and ends no agent that is at work', async () => {
  await using places = await makePlaces();
  let looks = 0;
  const options: MemoryRuntimeOptions = {
    script: () => [{ do: 'ask', title: 't', answered: () => [{ do: 'say', text: 'ok' }] }],
  };
  const adapter = hostile(options, {
    adapter: (inner) => ({
      recover: (handle, call) => {
        looks += 1;
        if (looks < 3) return Promise.reject(Object.assign(new Error('too many open files'), { code: 'EMFILE' }));
        return inner.recover(handle, call);
      },
    }),
  });
  const first = await openPlane(places, { adapters: [adapter] });
  const { id } = await first.submit({ prompt: 'go', workspace: places.workspace });
  const asked = await seen(first, id, 'approval.requested');
  await first.close();
  await using second = await openPlane(places, { adapters: [adapter] });
  await seen(second, id, 'run.reattached');
  const choice = (asked['choices'] as { id: string }[])[0]!.id;
  await second.task(id).answer(String(asked['approvalId']), { choice });
  expect(await second.task(id).outcome()).toEqual({ status: 'succeeded' });
  const events = await eventsOf(second, id);
  expect(events.filter(({ type }) => type === 'run.starting')).toHaveLength(1);
});

it('a run that was being stopped when its plane died keeps the outcome of its turn, also when its process cannot be observed', async () => {
  await using places = await makePlaces();
  const stopping = Promise.withResolvers<void>();
  const first = await openPlane(places, {
    adapters: [hostile({}, { adapter: () => ({ reap: () => never(stopping.resolve) }) })],
  });
  const { id } = await first.submit({ prompt: 'go', workspace: places.workspace, recovery: 'manual' });
  await stopping.promise;
  await first.close();
  const blind = hostile(
    {},
    { adapter: () => ({ recover: async () => ({ status: 'unknowable', reason: 'no idea' }) }) },
  );
  await using second = await openPlane(places, { adapters: [blind] });
  expect(await second.task(id).outcome()).toEqual({ status: 'succeeded' });
  expect(typesOf(await eventsOf(second, id)).filter((type) => type === 'run.starting')).toHaveLength(1);
});

it.each(['runTimeoutMs', 'deadlineMs'])('a run that cannot be observed at its %s is timed out', async (limit) => {
  await using places = await makePlaces();
  const script: MemoryRuntimeOptions['script'] = () => [{ do: 'hang' }];
  const first = await openPlane(places, { adapters: [hostile({ script }, {})] });
  const { id } = await first.submit({ prompt: 'go', workspace: places.workspace, recovery: 'manual', [limit]: 500 });
  const { time } = await seen(first, id, 'turn.started');
  await first.close();
  await sleep(Math.max(0, time + 600 - Date.now()));
  const blind = hostile(
    {},
    { adapter: () => ({ recover: async () => ({ status: 'unknowable', reason: 'no idea' }) }) },
  );
  await using second = await openPlane(places, { adapters: [blind] });
  expect(await second.task(id).outcome()).toMatchObject({ status: 'timed_out', code: 'timeout' });
});
