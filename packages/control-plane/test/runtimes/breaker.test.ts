import { memoryRuntime } from '@runtime/conformance/memory-runtime';
import { AgentRuntimeError } from '@runtime/contracts';
import type { RuntimeAdapter } from '@runtime/contracts/adapter';
import { memoryEventLog } from '@runtime/event-log';
import { describe, expect, it } from 'vitest';
import {
  afterFailure,
  breakerFamily,
  closedBreaker,
  isOpen,
  mayHalfOpen,
  worthKeeping,
  type BreakerStates,
} from '../../src/runtimes/breaker.ts';
import { fifo } from '../../src/index.ts';
import { Adapters } from '../../src/runtimes/adapters.ts';
import { Runtimes } from '../../src/runtimes/runtimes.ts';
import { eventsOf, makePlaces, openPlane, typesOf } from '../support/planes.ts';
import { fold, submitted } from '../support/states.ts';

const { spec } = fold([submitted()]);
const target = { runtime: 'memory' };

async function makeRuntimes(adapter: RuntimeAdapter = memoryRuntime()) {
  let now = 1_000_000;
  const log = memoryEventLog({ clock: () => now });
  const runtimes = new Runtimes(new Adapters([adapter]), log, () => now);
  return {
    log,
    runtimes,
    pass: (ms: number) => {
      now += ms;
    },
    fail: (run: string) => runtimes.startFailed('memory', run, 'UNAVAILABLE'),
    types: async () => {
      const types: string[] = [];
      for await (const events of log.read({ stream: 'runtime/memory' })) types.push(...typesOf(events));
      return types;
    },
  };
}

describe('the circuit breaker of a runtime', () => {
  it('is left out of a snapshot when it says nothing, so that definitions may come and go', () => {
    const states = {
      quiet: { ...closedBreaker, position: 3 },
      ahead: { ...closedBreaker, position: 8 },
      failing: { ...closedBreaker, failures: 1, position: 2 },
      open: { ...closedBreaker, status: 'open' as const, until: 9, position: 1 },
    };
    expect(Object.keys(worthKeeping(states, 5))).toEqual(['ahead', 'failing', 'open']);
  });

  it('counts for a runtime with a name that every object has as for others', async () => {
    const { runtimes } = await makeRuntimes({ ...memoryRuntime(), id: 'constructor' });
    expect((await runtimes.report({ id: 'constructor' })).breaker).toBe('closed');
    expect(await runtimes.check({ runtime: 'constructor' }, spec)).toMatchObject({ ok: true });
    for (const run of ['run-1', 'run-2', 'run-3']) await runtimes.startFailed('constructor', run, 'UNAVAILABLE');
    expect(await runtimes.check({ runtime: 'constructor' }, spec)).toMatchObject({ ok: false });
  });

  it('opens after three failed starts, and says when it will be tried again', async () => {
    const { runtimes, fail } = await makeRuntimes();
    await fail('run-1');
    await fail('run-2');
    expect(await runtimes.check(target, spec)).toMatchObject({ ok: true });
    await fail('run-3');
    expect(await runtimes.check(target, spec)).toMatchObject({ ok: false, code: 'UNAVAILABLE', retryAt: 1_030_000 });
    expect(await runtimes.report({ id: 'memory' })).toMatchObject({ id: 'memory', breaker: 'open' });
  });

  it('forgets failures when a start succeeds, and writes nothing for the usual success', async () => {
    const { runtimes, fail, types } = await makeRuntimes();
    await runtimes.startSucceeded('memory', 'run-0');
    expect(await types()).toEqual([]);
    await fail('run-1');
    await fail('run-2');
    await runtimes.startSucceeded('memory', 'run-3');
    await fail('run-4');
    await fail('run-5');
    expect(await runtimes.check(target, spec)).toMatchObject({ ok: true });
  });

  it('lets exactly one start through when its pause is over', async () => {
    const { runtimes, fail, pass } = await makeRuntimes();
    for (const run of ['run-1', 'run-2', 'run-3']) await fail(run);
    pass(30_000);
    expect(await runtimes.check(target, spec)).toMatchObject({ ok: true });
    // They all looked before one of them began.
    const letthrough = await Promise.all(['a', 'b', 'c'].map(() => runtimes.admitsStart('memory')));
    expect(letthrough).toEqual([true, false, false]);
    expect(await runtimes.check(target, spec)).toMatchObject({ ok: false, code: 'UNAVAILABLE' });
    await runtimes.startSucceeded('memory', 'run-4');
    expect(await runtimes.check(target, spec)).toMatchObject({ ok: true });
    expect(await runtimes.report({ id: 'memory' })).toMatchObject({ breaker: 'closed' });
  });

  it('opens again, for longer, when that one fails too', async () => {
    const { runtimes, fail, pass, types } = await makeRuntimes();
    for (const run of ['run-1', 'run-2', 'run-3']) await fail(run);
    pass(30_000);
    await runtimes.admitsStart('memory');
    await fail('run-4');
    expect(await runtimes.check(target, spec)).toMatchObject({ ok: false, retryAt: 1_030_000 + 60_000 });
    expect((await types()).filter((type) => type.startsWith('breaker.'))).toEqual([
      'breaker.opened',
      'breaker.halfOpened',
      'breaker.opened',
    ]);
  });

  it('is not stuck half open when the start that it let through came to nothing', async () => {
    const { runtimes, fail, pass } = await makeRuntimes();
    for (const run of ['run-1', 'run-2', 'run-3']) await fail(run);
    pass(30_000);
    await runtimes.admitsStart('memory');
    const refused = await runtimes.check(target, spec);
    if (refused.ok) throw new Error('one is enough');
    pass((refused.retryAt ?? Infinity) - (1_000_000 + 30_000));
    expect(await runtimes.check(target, spec)).toMatchObject({ ok: true });
  });

  it("lets the next start through at once when the trial failed by its task's own fault, or came to nothing", async () => {
    const { runtimes, fail, pass } = await makeRuntimes();
    for (const run of ['run-1', 'run-2', 'run-3']) await fail(run);
    pass(30_000);
    expect(await runtimes.admitsStart('memory')).toBe(true);
    expect(await runtimes.admitsStart('memory')).toBe(false);
    await runtimes.startFailed('memory', 'run-4', 'INVALID_ARGUMENT');
    expect(await runtimes.check(target, spec)).toMatchObject({ ok: true });
    expect(await runtimes.admitsStart('memory')).toBe(true);
    expect(await runtimes.admitsStart('memory')).toBe(false);
    runtimes.startGivenUp('memory');
    expect(await runtimes.admitsStart('memory')).toBe(true);
  });

  it('is the same for whoever folds the log, in one go or from a snapshot', async () => {
    const { runtimes, fail, log, pass } = await makeRuntimes();
    for (const run of ['run-1', 'run-2', 'run-3']) await fail(run);
    pass(30_000);
    await runtimes.admitsStart('memory');
    let states: BreakerStates = breakerFamily.initial;
    const halfway: BreakerStates[] = [];
    for await (const events of log.read({ stream: 'runtime/memory' })) {
      for (const event of events) {
        states = breakerFamily.fold(states, event);
        halfway.push(states);
      }
    }
    expect(states).toEqual(runtimes.breakers);
    for (const saved of halfway) {
      let restored: BreakerStates = JSON.parse(JSON.stringify(saved)) as BreakerStates;
      // A snapshot may be ahead of its position: events that it contains come once more.
      for await (const events of log.read()) for (const event of events) restored = breakerFamily.fold(restored, event);
      expect(restored).toEqual(states);
    }
  });

  it('pauses twice as long each time, and never longer than ten minutes', () => {
    const pause = (openings: number) =>
      afterFailure({ ...closedBreaker, status: 'half_open', failures: 3, openings }, 0)?.until;
    expect([0, 1, 2, 3, 4, 5, 50].map(pause)).toEqual([30_000, 60_000, 120_000, 240_000, 480_000, 600_000, 600_000]);
    expect(afterFailure({ ...closedBreaker, status: 'open', failures: 9 }, 0)).toBeUndefined();
    const open = { ...closedBreaker, status: 'open', until: 10 } as const;
    expect([isOpen(open, 9), isOpen(open, 10), mayHalfOpen(open, 9), mayHalfOpen(open, 10)]).toEqual([
      true,
      false,
      false,
      true,
    ]);
    expect([isOpen(undefined, 0), mayHalfOpen(undefined, 0)]).toEqual([false, false]);
  });

  it('is still open for the next owner, since it is in the log', async () => {
    await using places = await makePlaces();
    const adapters = [memoryRuntime({ faults: { start: { code: 'UNAVAILABLE', times: 100 } } })];
    const retry = { maxAttempts: 3, baseDelayMs: 1, maxDelayMs: 1 };
    const first = await openPlane(places, { adapters });
    const task = await first.submit({ prompt: 'go', workspace: places.workspace, retry });
    expect(await task.outcome()).toMatchObject({ status: 'failed', code: 'unavailable' });
    expect(await first.runtimes()).toMatchObject([{ breaker: 'open' }]);
    await first.close();
    await using second = await openPlane(places, { adapters: [memoryRuntime()] });
    expect(await second.runtimes()).toMatchObject([{ breaker: 'open' }]);
    const waiting = await second.submit({ prompt: 'go', workspace: places.workspace });
    await expect.poll(async () => (await waiting.status()).nextAttemptAt ?? 0).toBeGreaterThan(Date.now() + 10_000);
    expect(typesOf(await eventsOf(second, waiting.id))).toEqual(['task.submitted', 'attempt.scheduled']);
  });

  it('does not hold up a task that has another runtime to go to', async () => {
    await using places = await makePlaces();
    const adapters = [
      memoryRuntime({ id: 'broken', faults: { start: { code: 'UNAVAILABLE', times: 100 } } }),
      memoryRuntime({ id: 'sound' }),
    ];
    const retry = { maxAttempts: 5, baseDelayMs: 1, maxDelayMs: 1 };
    await using plane = await openPlane(places, { adapters, scheduler: fifo({ concurrency: 1 }) });
    const request = { prompt: 'go', workspace: places.workspace, retry };
    for (let n = 0; n < 2; n += 1)
      expect(await (await plane.submit(request)).outcome()).toEqual({ status: 'succeeded' });
    const third = await plane.submit(request);
    expect(await third.outcome()).toEqual({ status: 'succeeded' });
    const types = typesOf(await eventsOf(plane, third.id));
    expect(types.filter((type) => type === 'run.starting')).toHaveLength(1);
    expect(types).toContain('runtime.rejected');
  });
});

describe('what is known of a runtime', () => {
  it('is asked for once a minute, or when somebody wants it fresh', async () => {
    let asked = 0;
    const inner = memoryRuntime();
    const { runtimes, pass } = await makeRuntimes({
      ...inner,
      probe: (options) => {
        asked += 1;
        return inner.probe(options);
      },
    });
    await Promise.all([runtimes.probe({ id: 'memory' }), runtimes.probe({ id: 'memory' })]);
    expect(asked).toBe(1);
    pass(59_000);
    await runtimes.probe({ id: 'memory' });
    expect(asked).toBe(1);
    pass(2_000);
    await runtimes.probe({ id: 'memory' });
    expect(asked).toBe(2);
    await runtimes.report({ id: 'memory' }, { refresh: true });
    expect(asked).toBe(3);
  });

  it('is that it cannot be had when asking it throws, or nobody configured it', async () => {
    const { runtimes } = await makeRuntimes({
      ...memoryRuntime(),
      probe: () => Promise.reject(new AgentRuntimeError('PROTOCOL_VIOLATION', 'nonsense')),
    });
    expect(await runtimes.probe({ id: 'memory' })).toMatchObject({ status: 'unavailable', code: 'PROTOCOL_VIOLATION' });
    expect(await runtimes.probe({ id: 'other' })).toMatchObject({ status: 'unavailable', code: 'NOT_FOUND' });
  });

  it('decides whether it will do for a task', async () => {
    const { runtimes } = await makeRuntimes(memoryRuntime({ capabilities: { models: false, steer: 'none' } }));
    expect(await runtimes.check(target, { ...spec, needs: { steer: 'accepted', followUp: true } })).toEqual({
      ok: false,
      code: 'UNSUPPORTED',
      reason: 'The runtime lacks what the task needs: steer',
    });
    expect(await runtimes.check({ ...target, model: 'big' }, spec)).toMatchObject({ ok: false, code: 'UNSUPPORTED' });
    expect(await runtimes.check(target, spec)).toMatchObject({ ok: true });
  });
});
