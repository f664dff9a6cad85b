import { memoryRuntime, type MemoryRuntimeOptions } from '@runtime/conformance/memory-runtime';
import type { RuntimeAdapter } from '@runtime/contracts/adapter';
import { expect, it } from 'vitest';
import { expectFinal, hostile, never, seen, silent } from '../support/hostile.ts';
import { eventsOf, expectSoundStream, makePlaces, openPlane, retry } from '../support/planes.ts';

it('a cancel ends a task although its send never returns', async () => {
  await using places = await makePlaces();
  await using plane = await openPlane(places, {
    adapters: [hostile({}, { session: () => ({ send: () => never() }) })],
  });
  const task = await plane.submit({ prompt: 'go', workspace: places.workspace });
  await seen(plane, task.id, 'instruction.sending');
  await task.cancel();
  expect(await task.outcome()).toEqual({ status: 'cancelled' });
  expectFinal(await eventsOf(plane, task.id));
});

it.each([
  [
    'events',
    'lost',
    () => ({
      events: () => {
        throw new Error('no events');
      },
    }),
  ],
  [
    'asyncDispose',
    'succeeded',
    () => ({
      [Symbol.asyncDispose]: () => {
        throw new Error('no dispose');
      },
    }),
  ],
] as const)('a task ends when %s throws', async (_what, status, session) => {
  await using places = await makePlaces();
  await using plane = await openPlane(places, { adapters: [hostile({}, { session })] });
  const task = await plane.submit({ prompt: 'go', workspace: places.workspace, retry: { ...retry, maxAttempts: 1 } });
  expect(await task.outcome()).toMatchObject({ status });
});

const tuning = { stopGraceMs: 20, startTimeoutMs: 20, overdueMs: 100 };

it('a prompt whose sending never returns is not known to have come: what follows is decided, not waited for', async () => {
  await using places = await makePlaces();
  const adapter = hostile({}, { session: () => ({ send: () => never() }) });
  await using plane = await openPlane(places, { adapters: [adapter], tuning: { ...tuning, startTimeoutMs: 500 } });
  const task = await plane.submit({ prompt: 'go', workspace: places.workspace, recovery: 'manual' });
  expect(await seen(plane, task.id, 'instruction.unknown')).toMatchObject({ reason: expect.any(String) });
  expect(await seen(plane, task.id, 'approval.requested')).toMatchObject({ kind: 'recovery' });
  await task.cancel();
  expect(await task.outcome()).toEqual({ status: 'cancelled' });
});

it('a decision whose delivery never returns ends the turn: the agent would wait for it for ever', async () => {
  await using places = await makePlaces();
  const script = () => [{ do: 'ask', title: 'May I?', answered: () => [] }] as const;
  const adapter = hostile({ script }, { session: () => ({ answer: () => never() }) });
  await using plane = await openPlane(places, { adapters: [adapter], tuning: { ...tuning, startTimeoutMs: 500 } });
  const task = await plane.submit({ prompt: 'go', workspace: places.workspace });
  const asked = await seen(plane, task.id, 'approval.requested');
  await task.answer(String(asked['approvalId']), { choice: 'allow' });
  expect(await seen(plane, task.id, 'interrupt.requested')).toMatchObject({ by: 'plane' });
  await seen(plane, task.id, 'turn.ended');
  await task.close();
  await task.outcome();
});

it('a stop that never returns holds neither the task nor the plane', async () => {
  await using places = await makePlaces();
  const adapter = hostile({ script: () => [{ do: 'hang' }] }, { session: () => ({ stop: () => never() }) });
  await using plane = await openPlane(places, { adapters: [adapter], tuning });
  const task = await plane.submit({ prompt: 'go', workspace: places.workspace });
  await seen(plane, task.id, 'turn.started');
  await task.cancel();
  expect(await task.outcome()).toEqual({ status: 'cancelled' });
  expect(await seen(plane, task.id, 'run.ended')).toMatchObject({ exit: { kind: 'unknown' } });
});

it('a start that never returns, whatever its signal says, counts as failed', async () => {
  await using places = await makePlaces();
  let starts = 0;
  const start = (inner: RuntimeAdapter): Partial<RuntimeAdapter> => ({
    start: (launch, call) => ((starts += 1) === 1 ? never() : inner.start(launch, call)),
  });
  const adapter = hostile({}, { adapter: start });
  await using plane = await openPlane(places, { adapters: [adapter], tuning: { ...tuning, startTimeoutMs: 200 } });
  const task = await plane.submit({ prompt: 'go', workspace: places.workspace, retry });
  expect(await task.outcome()).toEqual({ status: 'succeeded' });
  expectSoundStream(await eventsOf(plane, task.id));
});

it('a dispose that never returns holds nothing', async () => {
  await using places = await makePlaces();
  const adapter = hostile({}, { session: () => ({ [Symbol.asyncDispose]: () => never() }) });
  await using plane = await openPlane(places, { adapters: [adapter], tuning });
  const task = await plane.submit({ prompt: 'go', workspace: places.workspace });
  expect(await task.outcome()).toEqual({ status: 'succeeded' });
});

it('a run whose interrupt never returns is stopped instead: the intent was to end the turn', async () => {
  await using places = await makePlaces();
  const adapter = hostile({ script: () => [{ do: 'hang' }] }, { session: () => ({ interrupt: () => never() }) });
  await using plane = await openPlane(places, { adapters: [adapter], tuning });
  const request = { prompt: 'go', workspace: places.workspace, retry: { ...retry, maxAttempts: 1 } };
  const task = await plane.submit(request);
  await seen(plane, task.id, 'turn.started');
  await task.interrupt();
  expect(await seen(plane, task.id, 'run.stopping')).toMatchObject({ cause: 'lost_control' });
  expect(await task.outcome()).toMatchObject({ status: 'lost' });
});

it('a recover or a reap that never returns is called again', async () => {
  await using places = await makePlaces();
  const options: MemoryRuntimeOptions = { script: () => [{ do: 'hang' }] };
  const first = await openPlane(places, { adapters: [memoryRuntime(options)] });
  const { id } = await first.submit({ prompt: 'go', workspace: places.workspace });
  await seen(first, id, 'turn.started');
  await first.close();
  const asked = { recover: 0, reap: 0 };
  const adapter = hostile(options, {
    adapter: (inner) => ({
      recover: (handle, call) => ((asked.recover += 1) === 1 ? never() : inner.recover(handle, call)),
      reap: (handle, call) => ((asked.reap += 1) === 1 ? never() : inner.reap(handle, call)),
    }),
  });
  await using second = await openPlane(places, { adapters: [adapter], tuning });
  await seen(second, id, 'run.reattached');
  await second.task(id).cancel();
  expect(await second.task(id).outcome()).toEqual({ status: 'cancelled' });
  expect(asked).toEqual({ recover: 2, reap: 2 });
});

const closes: [string, (called: () => void) => Parameters<typeof hostile>[1]][] = [
  ['a send', (called) => ({ session: () => ({ send: () => never(called) }) })],
  ['a source', (called) => ({ session: () => ({ events: () => silent(called) }) })],
  ['a probe', (called) => ({ adapter: () => ({ probe: () => never(called) }) })],
  ['a reap', (called) => ({ adapter: () => ({ reap: () => never(called) }) })],
];
it.each(closes)('closing does not wait for %s that never returns', async (_what, over) => {
  await using places = await makePlaces();
  const { promise, resolve } = Promise.withResolvers<void>();
  const plane = await openPlane(places, { adapters: [hostile({}, over(resolve))] });
  await plane.submit({ prompt: 'go', workspace: places.workspace });
  await promise;
  await plane.close();
});

it('closing does not wait for a recovery that never returns', async () => {
  await using places = await makePlaces();
  const options: MemoryRuntimeOptions = { script: () => [{ do: 'hang' }] };
  const first = await openPlane(places, { adapters: [memoryRuntime(options)] });
  const { id } = await first.submit({ prompt: 'go', workspace: places.workspace });
  await seen(first, id, 'turn.started');
  await first.close();
  const recovering = Promise.withResolvers<void>();
  const second = await openPlane(places, {
    adapters: [hostile(options, { adapter: () => ({ recover: () => never(recovering.resolve) }) })],
  });
  await recovering.promise;
  await second.close();
});
