import { describe, expect, it } from 'vitest';
import { planeTime } from '../../src/waiting/clock.ts';

const hour = 3_600_000;

/** A machine whose two clocks are set by hand. */
function machine() {
  const clocks = { wall: 1_000_000_000, monotonic: 5_000 };
  return {
    clocks,
    time: planeTime({ wall: () => clocks.wall, monotonic: () => clocks.monotonic }),
    pass: (ms: number): void => {
      clocks.wall += ms;
      clocks.monotonic += ms;
    },
  };
}

describe("the plane's time", () => {
  it('is that of the wall clock', () => {
    const { time, clocks, pass } = machine();
    expect(time.now()).toBe(clocks.wall);
    pass(250);
    expect(time.now()).toBe(clocks.wall);
  });

  it('follows the wall clock after the machine slept, when the monotonic clock stood still', () => {
    const { time, clocks } = machine();
    time.now();
    clocks.wall += 8 * hour;
    expect(time.now()).toBe(clocks.wall);
  });

  it('never runs backwards when the wall clock is set back, goes on, and comes back to the wall clock', () => {
    const { time, clocks, pass } = machine();
    const before = time.now();
    clocks.wall -= hour;
    expect(time.now()).toBe(before);
    let last = before;
    pass(10_000);
    // A limit of ten seconds is over after ten seconds, or nearly so.
    expect(time.now() - last).toBeGreaterThan(9_000);
    expect(time.now() - last).toBeLessThanOrEqual(10_000);
    for (let day = 0; day < 20; day += 1) {
      pass(24 * hour);
      expect(time.now()).toBeGreaterThanOrEqual(last);
      last = time.now();
    }
    expect(last).toBe(clocks.wall);
  });

  it('gives whole milliseconds', () => {
    const clocks = { monotonic: 0.3 };
    const time = planeTime({ wall: () => 1000, monotonic: () => clocks.monotonic });
    time.now();
    clocks.monotonic = 7.9;
    expect(Number.isInteger(time.now())).toBe(true);
  });
});

describe('time that was jumped over', () => {
  it('is none while both clocks go on, however long nobody looks', () => {
    const { time, pass, clocks } = machine();
    const since = time.now();
    pass(8 * hour);
    expect(time.now()).toBe(clocks.wall);
    expect(time.skippedSince(since)).toBe(0);
  });

  it('is the time that the machine slept, for everything that began before', () => {
    const { time, pass, clocks } = machine();
    const before = time.now();
    pass(1000);
    clocks.wall += 8 * hour;
    const after = time.now();
    expect(time.skippedSince(before)).toBe(8 * hour);
    expect(time.skippedSince(after)).toBe(0);
    pass(1000);
    clocks.wall += hour;
    time.now();
    expect(time.skippedSince(before)).toBe(9 * hour);
    expect(time.skippedSince(after)).toBe(hour);
  });

  it('is kept for a bounded number of jumps, the older ones together', () => {
    const { time, pass, clocks } = machine();
    const before = time.now();
    for (let jump = 0; jump < 500; jump += 1) {
      pass(1000);
      clocks.wall += hour;
      time.now();
    }
    expect(time.skippedSince(before)).toBe(500 * hour);
  });
});
