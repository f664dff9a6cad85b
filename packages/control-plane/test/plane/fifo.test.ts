import type { QueuedTask } from '@runtime/contracts';
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

  it.each([0, -1, 1.5, Number.NaN, Infinity])('is not made for %s at a time', (concurrency) => {
    expect(() => fifo({ concurrency })).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  });
});
