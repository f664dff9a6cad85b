import { monitorEventLoopDelay } from 'node:perf_hooks';

/** A beat comes every so many ms. */
const resolution = 5;

/** How late the beats of the event loop came, in ms. */
export interface Delay {
  readonly beats: number;
  readonly p99: number;
  readonly max: number;
}

/** Starts the heartbeat. Each reading is about the time since the one before. */
export function startHeartbeat(): { readonly read: () => Delay; readonly stop: () => void } {
  const histogram = monitorEventLoopDelay({ resolution });
  histogram.enable();
  return {
    read: () => {
      const { count: beats, max } = histogram;
      const p99 = histogram.percentile(99);
      histogram.reset();
      return { beats, p99: late(p99), max: late(max) };
    },
    stop: () => void histogram.disable(),
  };
}

/** What was measured is from beat to beat, in ns. */
const late = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e6 - resolution);
