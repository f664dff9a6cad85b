import type { TaskStreamEvent } from '@runtime/contracts';
import { formatElapsed } from '../arguments/duration.ts';

const compactionEnds: ReadonlySet<string> = new Set([
  'context.compacted',
  'compaction.failed',
  'turn.ended',
  'run.ended',
]);
const retryEnds: ReadonlySet<string> = new Set(['retry.ended', 'turn.ended', 'run.ended']);

/** Follows what a backend does by itself: it compacts its context, or pauses before it repeats a call. */
export function createBackendActivity(): {
  follow(event: TaskStreamEvent): void;
  /** In words, with the time; undefined while it does neither. */
  describe(now: number): string | undefined;
} {
  let compactsSince: number | undefined;
  let pausesUntil = 0;
  return {
    follow(event) {
      if (event.type === 'compaction.started') compactsSince = event.time;
      if (event.type === 'retry.scheduled') pausesUntil = event.time + event.delayMs;
      if (compactionEnds.has(event.type)) compactsSince = undefined;
      if (retryEnds.has(event.type)) pausesUntil = 0;
    },
    describe(now) {
      if (compactsSince !== undefined) return `compacts its context ${formatElapsed(now - compactsSince)}`;
      return pausesUntil > now ? `tries again in ${formatElapsed(pausesUntil - now)}` : undefined;
    },
  };
}
