import type { QueuedTask } from '@runtime/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fifo } from '../../src/index.ts';
import { fold, submitted } from '../support/states.ts';

const { spec } = fold([submitted()]);
const queued = (...times: number[]): QueuedTask[] =>
  times.map((notBefore, index) => ({ taskId: `t${index + 1}`, spec, position: index + 1, notBefore }));
const running = (count: number) => Array.from({ length: count }, (_, n) => ({ taskId: `r${n}`, runtime: 'pi' }));

describe('fifo', () => {
  it('starts what came first, as many as there is room for', () => {
    const scheduler = fifo({ concurrency: 3 });
    expect(scheduler.admit({ queued: queued(0, 0, 0, 0), running: [] }, 1)).toEqual(['t1', 't2', 't3']);
    expect(scheduler.admit({ queued: queued(0, 0, 0, 0), running: running(2) }, 1)).toEqual(['t1']);
    expect(scheduler.admit({ queued: queued(0), running: running(3) }, 1)).toEqual([]);
    expect(scheduler.admit({ queued: [], running: [] }, 1)).toEqual([]);
  });

  it('does not hold up the others for one whose time has not come', () => {
    expect(fifo({ concurrency: 2 }).admit({ queued: queued(100, 0, 50), running: [] }, 50)).toEqual(['t2', 't3']);
  });

  it('looks no further than it has room', () => {
    let looked = 0;
    function* endless(): Iterable<QueuedTask> {
      for (;;) {
        looked += 1;
        yield { taskId: `t${looked}`, spec, position: looked, notBefore: 0 };
      }
    }
    expect(fifo().admit({ queued: endless(), running: [] }, 1)).toHaveLength(4);
    expect(looked).toBe(4);
    expect(fifo().admit({ queued: endless(), running: running(4) }, 1)).toEqual([]);
    expect(looked).toBe(4);
  });

  it('lends the place of a running task to one that was submitted from its run', () => {
    const scheduler = fifo({ concurrency: 2 });
    const child = (id: string, ...ancestors: string[]) => ({ ...queued(0)[0]!, taskId: id, ancestors });
    const [a, b] = [child('a', 'r0'), child('b', 'r0')];
    expect(scheduler.admit({ queued: [a, b], children: [a, b], running: running(2) }, 1)).toEqual(['a']);
    const beside = [...running(2), { taskId: 'a', runtime: 'pi', ancestors: ['r0'] }];
    expect(scheduler.admit({ queued: [b], children: [b], running: beside }, 1)).toEqual([]);
    const below = child('c', 'a', 'r0');
    expect(scheduler.admit({ queued: [b, below], children: [b, below], running: beside }, 1)).toEqual(['c']);
    const later = { ...a, notBefore: 9 };
    expect(scheduler.admit({ queued: [later], children: [later], running: running(2) }, 1)).toEqual([]);
  });

  it('lends the place of any task that waits for one, when others of them have lent theirs', () => {
    const scheduler = fifo({ concurrency: 2 });
    const awaited = { ...queued(0)[0]!, ancestors: ['r0', 'r1'] };
    const beside = [...running(2), { taskId: 'a', runtime: 'pi', ancestors: ['r0'] }];
    expect(scheduler.admit({ queued: [awaited], children: [awaited], running: beside }, 1)).toEqual(['t1']);
  });

  it('lends eight places in all, however many lines grow', () => {
    const scheduler = fifo({ concurrency: 2 });
    const runs: { taskId: string; runtime: string; ancestors: string[] }[] = [];
    const line = (root: string, depth: number) => Array.from({ length: depth }, (_, n) => `${root}${depth - 1 - n}`);
    for (let round = 0; round < 20; round += 1) {
      const waiting = ['a', 'b'].flatMap((root) => {
        const depth = runs.filter(({ taskId }) => taskId.startsWith(root)).length;
        const task = { ...queued(0)[0]!, taskId: `${root}${depth}`, ancestors: line(root, depth) };
        return depth > 8 ? [] : [task];
      });
      const starts = scheduler.admit(
        { queued: waiting, children: waiting.filter(({ ancestors }) => ancestors.length > 0), running: runs },
        1,
      );
      for (const { taskId, ancestors } of waiting)
        if (starts.includes(taskId)) runs.push({ taskId, runtime: 'pi', ancestors });
    }
    expect(runs.length).toBeGreaterThan(2);
    expect(runs.length).toBeLessThanOrEqual(2 + 8);
  });

  it('never lets families wait for one another in a circle, nor more than eight tasks beyond its limit run', () => {
    // Each task waits for all of its children, which it submits at once, and ends when they have ended.
    const family = fc.array(fc.tuple(fc.nat(), fc.nat({ max: 9 })), { minLength: 5, maxLength: 80 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }), family, fc.infiniteStream(fc.nat()), (concurrency, births, picks) => {
        const scheduler = fifo({ concurrency });
        const ancestorsOf = new Map<string, string[]>();
        for (const [index, [pick, isRoot]] of births.entries()) {
          const known = [...ancestorsOf.keys()];
          // Mostly of the latest, so that several lines grow deep side by side.
          const parent = isRoot === 0 ? undefined : known.at(-1 - (pick % 5));
          const line = parent === undefined ? [] : [parent, ...(ancestorsOf.get(parent) ?? [])];
          if (line.length <= 8) ancestorsOf.set(`t${index}`, line);
        }
        const childrenOf = (id: string) =>
          [...ancestorsOf].filter(([, [parent]]) => parent === id).map(([each]) => each);
        const task = (id: string): QueuedTask => ({
          ...queued(0)[0]!,
          taskId: id,
          ancestors: ancestorsOf.get(id) ?? [],
        });
        let waiting = [...ancestorsOf].filter(([, line]) => line.length === 0).map(([id]) => task(id));
        const runs = new Map<string, QueuedTask>();
        const ended = new Set<string>();
        while (ended.size < ancestorsOf.size) {
          const children = waiting.filter(({ ancestors = [] }) => ancestors.some((each) => runs.has(each)));
          const now = [...runs.values()].map((each) => ({ ...each, runtime: 'pi' }));
          const starts = scheduler.admit({ queued: waiting, children, running: now }, 1);
          expect(new Set(starts).size).toBe(starts.length);
          for (const id of starts) {
            runs.set(id, task(id));
            waiting = [...waiting.filter(({ taskId }) => taskId !== id), ...childrenOf(id).map(task)];
          }
          expect(runs.size).toBeLessThanOrEqual(concurrency + 8);
          const done = [...runs.keys()].filter((id) => childrenOf(id).every((each) => ended.has(each)));
          // Nobody can go on, and nobody starts: that is the circle.
          if (starts.length === 0) expect(done).not.toEqual([]);
          const [pick = 0] = [picks.next().value];
          const end = done[Number(pick) % Math.max(1, done.length)];
          if (end !== undefined) {
            runs.delete(end);
            ended.add(end);
          }
        }
      }),
    );
  });

  it('says who has the places', () => {
    const scheduler = fifo({ concurrency: 2 });
    const [task] = queued(0);
    expect(scheduler.waitsFor?.(task!, { queued: [], running: running(2) }, 1)).toEqual({
      kind: 'concurrency',
      taskId: 'r0',
      text: 'All 2 places are taken, by r0, r1',
    });
  });

  it.each([0, -1, 1.5, Number.NaN, Infinity])('is not made for %s at a time', (concurrency) => {
    expect(() => fifo({ concurrency })).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  });
});
