import { setTimeout as sleep } from 'node:timers/promises';
import { memoryRuntime } from '@runtime/conformance/memory-runtime';
import { describe, expect, it } from 'vitest';
import { faultyFs } from '../support/faulty-fs.ts';
import { eventsOf, expectSoundLog, expectSoundStream, makePlaces, openPlane, typesOf } from '../support/planes.ts';

function gate(): { readonly until: Promise<void>; open(): void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { until: promise, open: resolve };
}

describe('a plane whose disk is full', () => {
  it('acknowledges nothing, loses nothing, and goes on when there is room', async () => {
    await using places = await makePlaces();
    const { fs, faults } = faultyFs();
    const agent = gate();
    const adapters = [
      memoryRuntime({
        script: () => [
          { do: 'say', text: ['a', 'b'] },
          { do: 'gate', until: agent.until },
          { do: 'say', text: ['c', 'd'] },
        ],
      }),
    ];
    await using plane = await openPlane(places, { adapters, logFs: fs });
    const task = await plane.submit({ prompt: 'go', workspace: places.workspace });
    for await (const event of task.events()) if (event.type === 'message.completed') break;
    faults.full = true;
    await expect(plane.submit({ prompt: 'no room', workspace: places.workspace })).rejects.toMatchObject({
      code: 'EXHAUSTED',
    });
    await expect(task.steer('no room')).rejects.toMatchObject({ code: 'EXHAUSTED' });
    await expect(task.cancel()).rejects.toMatchObject({ code: 'EXHAUSTED' });
    agent.open();
    await expect.poll(() => faults.refused).toBeGreaterThan(3);
    await expect.poll(() => task.status()).toMatchObject({ status: 'running', waitingFor: { kind: 'disk' } });
    const view = await task.status();
    expect(view).not.toHaveProperty('cancel');
    expect(view.instructions).toHaveLength(1);
    expect(await plane.tasks()).toHaveLength(1);
    faults.full = false;
    await expect.poll(() => task.status()).not.toHaveProperty('waitingFor');
    expect(await task.outcome()).toEqual({ status: 'succeeded' });
    const events = await eventsOf(plane, task.id);
    expectSoundStream(events);
    expect(events.filter(({ type }) => type === 'message.completed').map((event) => event['text'])).toEqual([
      'ab',
      'cd',
    ]);
    expect(typesOf(events).filter((type) => type.startsWith('run.'))).toEqual([
      'run.starting',
      'run.started',
      'run.stopping',
      'run.ended',
    ]);
    await plane.close();
    await expectSoundLog(places);
  });

  it.each([
    ['fails', { faults: { start: { code: 'UNAVAILABLE' } } }],
    ['succeeds', {}],
  ] as const)('keeps its plane and its agent when a start %s meanwhile', async (_how, options) => {
    await using places = await makePlaces();
    const { fs, faults } = faultyFs();
    const inner = memoryRuntime(options);
    let failFirst = true;
    const adapters = [
      {
        ...inner,
        // Two failed starts, so that the breaker has something to forget; the third one meets the full disk.
        start: async (...args: Parameters<typeof inner.start>) => {
          if (failFirst) {
            failFirst = false;
            throw Object.assign(new Error('not yet'), { code: 'E' });
          }
          faults.full = true;
          setTimeout(() => {
            faults.full = false;
          }, 30);
          return inner.start(...args);
        },
      },
    ];
    await using plane = await openPlane(places, { adapters, logFs: fs });
    let lost = false;
    void plane.closed.then(() => {
      lost = true;
    });
    const retry = { maxAttempts: 4, baseDelayMs: 1, maxDelayMs: 1 };
    const task = await plane.submit({ prompt: 'go', workspace: places.workspace, retry });
    expect(await task.outcome()).toEqual({ status: 'succeeded' });
    expect(lost).toBe(false);
    expect(faults.refused).toBeGreaterThan(0);
    const events = await eventsOf(plane, task.id);
    expectSoundStream(events);
    const started = events.filter(({ type }) => type === 'run.starting').length;
    expect(started).toBe('faults' in options ? 3 : 2);
  });

  it('lets go when it is asked to, without waiting for room', async () => {
    await using places = await makePlaces();
    const { fs, faults } = faultyFs();
    const agent = gate();
    const adapters = [
      memoryRuntime({
        script: () => [
          { do: 'gate', until: agent.until },
          { do: 'say', text: 'late' },
        ],
      }),
    ];
    const first = await openPlane(places, { adapters, logFs: fs });
    const { id } = await first.submit({ prompt: 'go', workspace: places.workspace });
    for await (const event of first.task(id).events()) if (event.type === 'turn.started') break;
    faults.full = true;
    agent.open();
    await expect.poll(() => faults.refused).toBeGreaterThan(0);
    await first.close();
    await using second = await openPlane(places, { adapters });
    expect(await second.task(id).outcome()).toEqual({ status: 'succeeded' });
    expectSoundStream(await eventsOf(second, id));
  });
});

describe('a plane whose log cannot be trusted any more', () => {
  it('lets go of everything, says why, and its next owner has lost nothing', async () => {
    await using places = await makePlaces();
    const { fs, faults } = faultyFs();
    const agent = gate();
    const adapters = [
      memoryRuntime({
        script: () => [
          { do: 'say', text: 'before' },
          { do: 'gate', until: agent.until },
          { do: 'say', text: 'after' },
        ],
      }),
    ];
    const warnings: string[] = [];
    const warned = (warning: Error): void => void warnings.push(warning.message);
    process.on('warning', warned);
    const first = await openPlane(places, { adapters, logFs: fs });
    const { id } = await first.submit({ prompt: 'go', workspace: places.workspace });
    for await (const event of first.task(id).events()) if (event.type === 'message.completed') break;
    const waiting = first.task(id).outcome();
    faults.failSyncs = 1;
    await expect(first.submit({ prompt: 'x', workspace: places.workspace })).rejects.toMatchObject({
      code: expect.stringMatching(/^(OUTCOME_UNKNOWN|UNAVAILABLE)$/),
    });
    agent.open();
    await expect(waiting).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(await first.closed).toMatchObject({ code: expect.stringMatching(/^(OUTCOME_UNKNOWN|UNAVAILABLE)$/) });
    await expect(first.tasks()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await first.close();
    await sleep(0);
    process.off('warning', warned);
    expect(warnings.some((text) => text.includes(places.dataDir.split('/').at(-2) ?? '?'))).toBe(true);
    await using second = await openPlane(places, { adapters });
    expect(await second.task(id).outcome()).toEqual({ status: 'succeeded' });
    const events = await eventsOf(second, id);
    expectSoundStream(events);
    expect(events.filter(({ type }) => type === 'message.completed').map((event) => event['text'])).toEqual([
      'before',
      'after',
    ]);
    await second.close();
    await expectSoundLog(places);
  });

  it('lets go also when nothing was running and a submission met it', async () => {
    await using places = await makePlaces();
    const { fs, faults } = faultyFs();
    const plane = await openPlane(places, { adapters: [memoryRuntime()], logFs: fs });
    faults.failSyncs = 1;
    await expect(plane.submit({ prompt: 'x', workspace: places.workspace })).rejects.toMatchObject({
      code: 'OUTCOME_UNKNOWN',
    });
    expect(await plane.closed).toMatchObject({ code: 'UNAVAILABLE', details: { poisoned: true } });
    await plane.close();
    await using next = await openPlane(places, { adapters: [memoryRuntime()] });
    const task = await next.submit({ prompt: 'x', workspace: places.workspace });
    expect(await task.outcome()).toEqual({ status: 'succeeded' });
  });
});
