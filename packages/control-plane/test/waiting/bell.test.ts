import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Bell } from '../../src/waiting/bell.ts';
import { Mutex } from '../../src/waiting/mutex.ts';

const settled = (promise: Promise<unknown>): Promise<boolean> =>
  Promise.race([promise.then(() => true), sleep(5).then(() => false)]);

describe('the bell', () => {
  it('wakes everybody who waits, once', async () => {
    const bell = new Bell();
    const waits = [bell.wait(bell.rings), bell.wait(bell.rings)];
    expect(await settled(Promise.all(waits))).toBe(false);
    bell.ring();
    expect(await settled(Promise.all(waits))).toBe(true);
    expect(await settled(bell.wait(bell.rings))).toBe(false);
  });

  it('does not lose a ring that came between looking and waiting', async () => {
    const bell = new Bell();
    const seen = bell.rings;
    bell.ring();
    expect(await settled(bell.wait(seen))).toBe(true);
  });

  it('stops waiting when the time is over or nobody wants to know any more', async () => {
    const bell = new Bell();
    const controller = new AbortController();
    const waiting = bell.wait(bell.rings, { signal: controller.signal });
    expect(await settled(waiting)).toBe(false);
    controller.abort();
    expect(await settled(waiting)).toBe(true);
    expect(await settled(bell.wait(bell.rings, { timeoutMs: 1 }))).toBe(true);
    expect(await settled(bell.wait(bell.rings, { timeoutMs: -1 }))).toBe(true);
    expect(await settled(bell.wait(bell.rings, { signal: controller.signal }))).toBe(true);
  });

  it('takes a time that no timer can hold for a long one', async () => {
    const bell = new Bell();
    const waiting = bell.wait(bell.rings, { timeoutMs: 1e15 });
    expect(await settled(waiting)).toBe(false);
    bell.ring();
    await waiting;
  });
});

describe('the mutex', () => {
  it('runs one after the other in the order of the calls, whatever fails', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ fails: fc.boolean(), slow: fc.boolean() }), { maxLength: 20 }),
        async (jobs) => {
          const mutex = new Mutex();
          const order: number[] = [];
          let inside = 0;
          const results = await Promise.allSettled(
            jobs.map(({ fails, slow }, index) =>
              mutex.run(async () => {
                expect((inside += 1)).toBe(1);
                if (slow) await Promise.resolve().then(() => Promise.resolve());
                order.push(index);
                inside -= 1;
                if (fails) throw new Error(String(index));
                return index;
              }),
            ),
          );
          expect(order).toEqual(jobs.map((_, index) => index));
          results.forEach((result, index) => expect(result.status).toBe(jobs[index]?.fails ? 'rejected' : 'fulfilled'));
        },
      ),
    );
  });
});
