import { join } from 'node:path';
import { memoryRuntime, type MemoryStep } from '@runtime/conformance/memory-runtime';
import type { SessionEvent } from '@runtime/contracts/adapter';
import { describe, expect, it } from 'vitest';
import { fifo, openReadOnlyPlane } from '../../src/index.ts';
import { hostile, seen } from '../support/hostile.ts';
import { openBreaker } from '../support/open-breaker.ts';
import { eventsOf, makePlaces, openOverSocket, openPlane, retry, type Places } from '../support/planes.ts';

const hang = (): MemoryStep[] => [{ do: 'hang' }];

describe.each([
  ['in this process', openPlane],
  ['over the socket', openOverSocket],
] as const)('what a task waits for, %s', (_where, open) => {
  it('is the task that works in its workspace, and then nothing', async () => {
    await using places = await makePlaces();
    await using plane = await open(places, { adapters: [memoryRuntime({ script: hang })] });
    const request = { prompt: 'go', workspace: places.workspace };
    const holder = await plane.submit(request);
    await seen(plane, holder.id, 'turn.started');
    const waiting = await plane.submit(request);
    const waitingFor = { kind: 'workspace', taskId: holder.id, text: expect.stringContaining(places.workspace) };
    await expect.poll(() => waiting.status()).toMatchObject({ status: 'queued', waitingFor });
    const listed = await plane.tasks({ status: ['queued'] });
    expect(listed).toMatchObject([{ id: waiting.id, waitingFor }]);
    expect((await holder.status()).waitingFor).toBeUndefined();
    await holder.cancel();
    await seen(plane, waiting.id, 'turn.started');
    expect((await waiting.status()).waitingFor).toBeUndefined();
    await waiting.cancel();
    await waiting.outcome();
    expect((await waiting.status()).waitingFor).toBeUndefined();
  });

  it('is a place, with those who have them', async () => {
    await using places = await makePlaces();
    const scheduler = fifo({ concurrency: 1 });
    await using plane = await open(places, { adapters: [memoryRuntime({ script: hang })], scheduler });
    const request = { prompt: 'go', workspace: places.workspace, shareWorkspace: true };
    const holder = await plane.submit(request);
    await seen(plane, holder.id, 'turn.started');
    const waiting = await plane.submit(request);
    await expect
      .poll(() => waiting.status())
      .toMatchObject({
        waitingFor: { kind: 'concurrency', taskId: holder.id, text: expect.stringContaining(holder.id) },
      });
  });
});

describe('what a task waits for', () => {
  const submitTo = async (places: Places, adapter: ReturnType<typeof memoryRuntime>, over: object = {}) => {
    const plane = await openPlane(places, { adapters: [adapter] });
    const task = await plane.submit({ prompt: 'go', workspace: places.workspace, ...over });
    return { plane, task, [Symbol.asyncDispose]: () => plane.close() };
  };

  it('is the time of its next attempt, with the reason', async () => {
    await using places = await makePlaces();
    const outcome = { status: 'failed', code: 'rate_limit', message: 'slow down', retryAfterMs: 600_000 } as const;
    const limited = memoryRuntime({ script: () => [{ do: 'end', outcome }] });
    await using it = await submitTo(places, limited);
    const scheduled = await seen(it.plane, it.task.id, 'attempt.scheduled');
    expect(scheduled).toMatchObject({ mode: 'resume' });
    const { waitingFor } = await it.task.status();
    expect(waitingFor).toMatchObject({ kind: 'retry', text: expect.stringContaining('slow down') });
    expect(waitingFor?.until).toBe(scheduled['notBefore']);
    expect((waitingFor?.until ?? 0) - scheduled.time).toBeGreaterThan(590_000);
  });

  it('is the pause of its runtime before a retry, until that is over, and a compaction, until that has ended', async () => {
    await using places = await makePlaces();
    const steps = new Map(['short', 'compacted', 'end'].map((name) => [name, Promise.withResolvers<void>()]));
    const until = (name: string): MemoryStep => ({ do: 'gate', until: steps.get(name)?.promise ?? Promise.resolve() });
    const tell = (event: SessionEvent): MemoryStep => ({ do: 'emit', event });
    const script = (): MemoryStep[] => [
      tell({ type: 'model.selected', model: 'opus', provider: 'anthropic' }),
      tell({ type: 'retry.scheduled', attempt: 1, delayMs: 600_000, reason: '429: slow down' }),
      until('short'),
      tell({ type: 'retry.scheduled', attempt: 2, delayMs: 0, reason: '429: slow down' }),
      tell({ type: 'compaction.started', reason: 'overflow' }),
      until('compacted'),
      tell({ type: 'context.compacted', reason: 'overflow' }),
      until('end'),
    ];
    await using it = await submitTo(places, memoryRuntime({ script }));
    const scheduled = await seen(it.plane, it.task.id, 'retry.scheduled');
    const { waitingFor, status, model } = await it.task.status();
    expect(model).toEqual({ model: 'opus', provider: 'anthropic' });
    expect(status).toBe('running');
    expect(waitingFor).toEqual({
      kind: 'retry',
      until: scheduled.time + 600_000,
      text: 'memory repeats a call that failed (attempt 1): 429: slow down',
    });
    steps.get('short')?.resolve();
    await seen(it.plane, it.task.id, 'compaction.started');
    expect((await it.task.status()).waitingFor).toEqual({
      kind: 'compaction',
      text: 'memory compacts its context: overflow',
    });
    steps.get('compacted')?.resolve();
    await seen(it.plane, it.task.id, 'context.compacted');
    expect((await it.task.status()).waitingFor).toBeUndefined();
    steps.get('end')?.resolve();
    await it.task.outcome();
    expect(await it.task.status()).toMatchObject({ status: 'succeeded', model: { model: 'opus' } });
  });

  it('is the breaker of its runtime', async () => {
    await using places = await makePlaces();
    const broken = memoryRuntime({ faults: { start: { code: 'UNAVAILABLE', times: 3 } } });
    await using it = await submitTo(places, broken, { retry: { ...retry, maxAttempts: 3 } });
    await it.task.outcome();
    const next = await it.plane.submit({ prompt: 'go', workspace: places.workspace });
    await expect
      .poll(() => next.status())
      .toMatchObject({
        waitingFor: { kind: 'breaker', until: expect.any(Number), text: expect.stringContaining('memory') },
      });
  });

  it('is an answer', async () => {
    await using places = await makePlaces();
    const asking = memoryRuntime({ script: () => [{ do: 'ask', title: 'May I?', answered: () => [] }] });
    await using it = await submitTo(places, asking);
    await expect
      .poll(() => it.task.status())
      .toMatchObject({
        status: 'waiting',
        waitingFor: { kind: 'approval', text: expect.stringContaining('May I?') },
      });
  });

  it('is an instruction, until its idle limit', async () => {
    await using places = await makePlaces();
    await using it = await submitTo(places, memoryRuntime(), { until: 'closed', idleTimeoutMs: 3_600_000 });
    await expect
      .poll(() => it.task.status())
      .toMatchObject({
        status: 'waiting',
        waitingFor: { kind: 'instruction', until: expect.any(Number) },
      });
  });

  it('is the answer of its runtime, and then its start', async () => {
    await using places = await makePlaces();
    const probe = Promise.withResolvers<undefined>();
    const start = Promise.withResolvers<undefined>();
    const slow = hostile(
      {},
      {
        adapter: (inner) => ({
          probe: (call) => probe.promise.then(() => inner.probe(call)),
          start: (launch, call) => start.promise.then(() => inner.start(launch, call)),
        }),
      },
    );
    await using it = await submitTo(places, slow);
    const kind = 'runtime';
    await expect.poll(() => it.task.status()).toMatchObject({ status: 'queued', waitingFor: { kind } });
    probe.resolve(undefined);
    await expect.poll(() => it.task.status()).toMatchObject({ status: 'running', waitingFor: { kind } });
    start.resolve(undefined);
    expect(await it.task.outcome()).toEqual({ status: 'succeeded' });
  });

  it('is disk space', async () => {
    await using places = await makePlaces();
    const tuning = { minFreeBytes: Number.MAX_SAFE_INTEGER };
    await using plane = await openPlane(places, { adapters: [memoryRuntime()], tuning });
    const task = await plane.submit({ prompt: 'go', workspace: places.workspace });
    await expect.poll(() => task.status()).toMatchObject({ waitingFor: { kind: 'disk' } });
  });

  it('is a runtime that is not configured any more', async () => {
    await using places = await makePlaces();
    const first = await openPlane(places, { adapters: [memoryRuntime({ script: hang })] });
    const { id } = await first.submit({ prompt: 'go', workspace: places.workspace });
    await seen(first, id, 'turn.started');
    await first.close();
    await using second = await openPlane(places, { adapters: [memoryRuntime({ id: 'other' })] });
    expect(await second.task(id).status()).toMatchObject({
      waitingFor: { kind: 'runtime', text: expect.stringContaining('memory') },
    });
  });

  it("is a scheduler's own reason, or that it has none, or that it throws", async () => {
    await using places = await makePlaces();
    const reasons = [() => ({ kind: 'scheduler', text: 'Paused' }) as const, () => undefined, undefined];
    const throwing = (): never => {
      throw new Error('confused');
    };
    for (const waitsFor of [...reasons, throwing]) {
      const dataDir = join(places.root, `data-${reasons.indexOf(waitsFor)}`);
      const scheduler = { admit: () => [], ...(waitsFor ? { waitsFor } : {}) };
      await using plane = await openPlane({ ...places, dataDir }, { adapters: [memoryRuntime()], scheduler });
      const task = await plane.submit({ prompt: 'go', workspace: places.workspace });
      const text = waitsFor === reasons[0] ? 'Paused' : expect.stringContaining('has not let it start');
      expect(await task.status()).toMatchObject({ waitingFor: { kind: 'scheduler', text } });
      await task.cancel();
    }
  });

  it('is an owner, where none lives', async () => {
    await using places = await makePlaces();
    const first = await openPlane(places, { adapters: [memoryRuntime({ script: hang })] });
    const request = { prompt: 'go', workspace: places.workspace };
    const running = await first.submit(request);
    await seen(first, running.id, 'turn.started');
    await first.submit(request);
    await using beside = await openReadOnlyPlane({ dataDir: places.dataDir });
    expect((await beside.task(running.id).status()).waitingFor).toBeUndefined();
    await first.close();
    await using reader = await openReadOnlyPlane({ dataDir: places.dataDir });
    expect(await reader.task(running.id).status()).toMatchObject({
      waitingFor: { kind: 'owner', text: expect.stringContaining('runtime serve') },
    });
    const views = await reader.tasks();
    expect(views.map(({ waitingFor }) => waitingFor?.kind)).toEqual(['owner', 'owner']);
  });
});

it('a task that waits for a trial of its runtime goes on as soon as that succeeds', async () => {
  await using places = await makePlaces();
  await openBreaker(places, 'memory');
  const gate = Promise.withResolvers<undefined>();
  const adapter = hostile(
    {},
    { adapter: (inner) => ({ start: (launch, call) => gate.promise.then(() => inner.start(launch, call)) }) },
  );
  await using plane = await openPlane(places, { adapters: [adapter] });
  const request = { prompt: 'go', workspace: places.workspace, shareWorkspace: true };
  const trial = await plane.submit(request);
  await seen(plane, trial.id, 'run.starting');
  const others = [await plane.submit(request), await plane.submit(request)];
  for (const task of others)
    await expect.poll(() => task.status()).toMatchObject({ waitingFor: { kind: 'breaker' }, status: 'queued' });
  gate.resolve(undefined);
  // By the clock they would wait for half a minute.
  for (const task of others) {
    expect(await task.outcome()).toEqual({ status: 'succeeded' });
    const scheduled = (await eventsOf(plane, task.id)).filter(({ type }) => type === 'attempt.scheduled');
    expect(scheduled.at(-1)).toMatchObject({ reason: expect.stringContaining('closed') });
  }
});
