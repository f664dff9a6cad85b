/**
 * An operation that is stopped at any of its steps: for tests that prove what is left then.
 *
 * @packageDocumentation
 */
import type { Around } from './options.ts';

export type { Around } from './options.ts';

/** Thrown by a step at which an operation was stopped, and by every later one: as if the process had been killed. */
export class Stopped extends Error {
  constructor(at: string) {
    super(`stopped ${at}`);
  }
}

/** Stops an operation before and after its steps. */
export interface StopPoint {
  readonly around: Around;
  /** Whether the operation came as far as the point. */
  readonly isReached: () => boolean;
}

/**
 * The point with this number: 0 is before the first step, 1 after it, 2 before the second. `stop` is called there.
 *
 * @param stop - @default throws `Stopped`, as does every step from there on
 */
export function stopAt(
  point: number,
  stop: (at: string) => void = (at) => {
    throw new Stopped(at);
  },
): StopPoint {
  let passed = 0;
  const pass = (at: string): void => {
    const isBeyond = passed >= point;
    passed += 1;
    if (isBeyond) stop(at);
  };
  return {
    around: async (step, work) => {
      pass(`before: ${step}`);
      const result = await work();
      pass(`after: ${step}`);
      return result;
    },
    isReached: () => passed > point,
  };
}
