import { describe, expect, inject, it } from 'vitest';
import { runtimeNames, type RuntimeName } from '../src/runtimes.ts';
import {
  expectNothingLost,
  expectOneStartPerRun,
  hostEnd,
  makeScene,
  saidIn,
  startHost,
  takeOver,
} from '../src/scene.ts';

/** Cases that run beside one another: two cores, and most of a case is waiting. */
const lanes = 4;

async function inLanes<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items];
  await Promise.all(
    Array.from({ length: lanes }, async () => {
      for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item);
    }),
  );
}

/** Every point that a run without a fault passes, with its count. */
async function boundaries(runtime: RuntimeName): Promise<{ name: string; nth: number }[]> {
  await using scene = await makeScene(runtime);
  const { code, passed } = await hostEnd(startHost(scene));
  expect(code).toBe(0);
  return passed.map((name, index) => ({
    name,
    nth: passed.slice(0, index + 1).filter((each) => each === name).length,
  }));
}

describe.each(runtimeNames)('a plane on %s, killed with -9', (runtime) => {
  it(
    'at every boundary of a task, loses nothing, repeats nothing and orphans nothing',
    { timeout: 240_000 * inject('slowness') },
    async () => {
      const points = await boundaries(runtime);
      expect(points.length).toBeGreaterThan(20);
      await inLanes(points, async (dieAt) => {
        await using scene = await makeScene(runtime);
        const where = `killed at ${dieAt.name} #${dieAt.nth}`;
        const end = await hostEnd(startHost(scene, dieAt));
        // A delta may come in one piece or in two: a point that this run did not pass is no case.
        if (end.signal === null) expect(end.code, where).toBe(0);
        else expect(end.signal, where).toBe('SIGKILL');
        const { outcome, events } = await takeOver(scene).catch((cause: unknown) => {
          throw new Error(where, { cause });
        });
        expect(outcome, `${where}: ${JSON.stringify(events.map(({ type }) => type))}`).toEqual({ status: 'succeeded' });
        expect(saidIn(events).replaceAll(/\s+/g, ' ').trim(), where).toBe(
          runtime === 'pi' ? 'begun and done' : 'begun done',
        );
        await expectNothingLost(scene, events);
        await expectOneStartPerRun(scene, events);
      });
    },
  );

  it(
    'at random moments, loses nothing, repeats nothing and orphans nothing',
    { timeout: 240_000 * inject('slowness') },
    async () => {
      const seeds = Array.from({ length: process.env['RUNTIME_SOAK'] ? 200 : 20 }, (_, index) => index + 1);
      await inLanes(seeds, async (seed) => {
        await using scene = await makeScene(runtime, { pauseMs: 150 });
        const child = startHost(scene);
        const ended = hostEnd(child);
        // A linear congruential step: the same seed kills at the same time after the start.
        const afterMs = 150 + (((seed * 1_103_515_245 + 12_345) >>> 0) % 700);
        const timer = setTimeout(() => child.kill('SIGKILL'), afterMs);
        await ended;
        clearTimeout(timer);
        const { outcome, events } = await takeOver(scene);
        expect(outcome, `killed after ${afterMs} ms (seed ${seed})`).toEqual({ status: 'succeeded' });
        expect(saidIn(events).replaceAll(/\s+/g, ' ').trim(), `seed ${seed}`).toBe(
          runtime === 'pi' ? 'begun and done' : 'begun done',
        );
        await expectNothingLost(scene, events);
        await expectOneStartPerRun(scene, events);
      });
    },
  );
});

/** What is typed cannot be looked up: a task goes on from scratch here, where it would ask a person otherwise. */
it(
  'a plane on an agent that is typed to, killed at every boundary, brings its task to an end',
  { timeout: 240_000 * inject('slowness') },
  async () => {
    const points = await boundaries('typed');
    await inLanes(points, async (dieAt) => {
      await using made = await makeScene('typed');
      const scene = { ...made, request: { ...made.request, recovery: 'restart' as const } };
      await hostEnd(startHost(scene, dieAt));
      const where = `killed at ${dieAt.name} #${dieAt.nth}`;
      const { outcome, events } = await takeOver(scene).catch((cause: unknown) => {
        throw new Error(where, { cause });
      });
      expect(outcome, where).toEqual({ status: 'succeeded' });
      await expectNothingLost(scene, events);
    });
  },
);

const firstDeaths = ['append.after:run.starting', 'start.after', 'append.after:turn.started'];
const secondDeaths = ['recover.after', 'append.after:run.reattached', 'stop.before', 'reap.after'];

it.each([...runtimeNames, 'typed'] as const)(
  'two planes on %s, killed one after the other, lose nothing and orphan nothing',
  { timeout: 240_000 * inject('slowness') },
  async (runtime) => {
    const cases = firstDeaths.flatMap((first) => secondDeaths.map((second) => [first, second] as const));
    await inLanes(cases, async ([first, second]) => {
      await using made = await makeScene(runtime);
      const scene = { ...made, request: { ...made.request, recovery: 'restart' as const } };
      const where = `killed at ${first}, then at ${second}`;
      expect((await hostEnd(startHost(scene, { name: first, nth: 1 }))).signal, where).toBe('SIGKILL');
      await hostEnd(startHost(scene, { name: second, nth: 1 }));
      const { outcome, events } = await takeOver(scene).catch((cause: unknown) => {
        throw new Error(where, { cause });
      });
      expect(outcome, where).toEqual({ status: 'succeeded' });
      await expectNothingLost(scene, events);
    });
  },
);
