/** The plane's time: Unix ms that never run backwards within a process. */
export type Clock = () => number;

/** The two clocks of a machine, in ms. */
export interface MachineClocks {
  readonly wall: () => number;
  /** Never set, and stands still while the machine sleeps. */
  readonly monotonic: () => number;
}

export const machineClocks: MachineClocks = { wall: Date.now, monotonic: () => performance.now() };

/** The plane's time, and how much of it nobody lived through. */
export interface PlaneTime {
  readonly now: Clock;
  /** How much of the time since then (Unix ms) was jumped over: the machine slept, or its clock was set forward. */
  readonly skippedSince: (since: number) => number;
}

/** After a wall clock was set back, the plane's time is slower by this until it is the wall clock's again. */
const slewing = 0.01;
/** Less than this is the adjustment of a clock, or the time between two readings. */
const jumpMs = 1_000;
const jumpsKept = 64;

/**
 * The time of the wall clock, which jumps forward with it and never backwards: while the wall clock is behind, the
 * monotonic one counts on.
 */
export function planeTime({ wall, monotonic }: MachineClocks): PlaneTime {
  let last = wall();
  let read = { wall: last, monotonic: monotonic() };
  /** In order; `at` is the time right after the jump. */
  const jumps: { readonly at: number; readonly ms: number }[] = [];
  const now = (): number => {
    const reading = { wall: wall(), monotonic: monotonic() };
    const passed = Math.max(0, reading.monotonic - read.monotonic);
    const before = last;
    last = Math.max(reading.wall, last + passed * (1 - slewing));
    read = reading;
    const ms = last - before - passed;
    if (ms >= jumpMs) jumps.push({ at: last, ms });
    const [oldest, next] = jumps;
    if (jumps.length > jumpsKept && oldest && next) jumps.splice(0, 2, { at: next.at, ms: oldest.ms + next.ms });
    return Math.floor(last);
  };
  return {
    now,
    skippedSince: (since) => {
      now();
      return Math.round(jumps.reduce((sum, { at, ms }) => sum + Math.max(0, Math.min(ms, at - since)), 0));
    },
  };
}

/** The longest timer, in ms: `setTimeout` takes 31 bits. */
const maxTimerMs = 2_000_000_000;

/**
 * How long a wait for a time of the wall clock may be, in ms, before that clock is looked at again: timers stand still
 * while the machine sleeps, and know nothing of a clock that was set.
 */
export const lookAgainMs = 20_000;

/** Resolves after `ms`, or as soon as the signal aborts. Never rejects; true when the time was over. */
export function sleep(ms: number, signal?: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    if (signal?.aborted) {
      resolve(false);
      return;
    }
    const done = (over: boolean): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', aborted);
      resolve(over);
    };
    const aborted = (): void => done(false);
    const timer = setTimeout(() => done(true), Math.min(Math.max(0, ms), maxTimerMs));
    signal?.addEventListener('abort', aborted, { once: true });
  });
}

/** Waits for work that never rejects, for at most `ms`. */
export async function atMost(ms: number, work: Promise<unknown>): Promise<void> {
  const over = new AbortController();
  await Promise.race([work, sleep(ms, over.signal)]);
  over.abort();
}

/** The earliest of the times that are known; undefined when none is. */
export function earliest(...times: readonly (number | undefined)[]): number | undefined {
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}
