import { monitorEventLoopDelay } from 'node:perf_hooks';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Params, Sample } from '../harness/contender.ts';

/** How many agents a host has. */
export const agents = 10;
/** How far apart the lines of each are, in ms. */
const gapMs = 20;
/** A heart beats every so many ms. */
const resolution = 5;

/** Agents that work for as long as the host lets them. */
export interface Crew {
  /** Starts one; resolves once its first line is there. */
  readonly start: () => Promise<void>;
  /** Resolves once all have ended. They have been let go before. */
  readonly ended: () => Promise<void>;
}

/** The command of an agent that works while `file` is there. */
export function agent(file: string): [string, ...string[]] {
  return [process.execPath, fileURLToPath(new URL('./agent.mjs', import.meta.url)), file, String(gapMs)];
}

/** The file below `dir` that keeps agents at work. */
export const leash = (dir: string): string => join(dir, 'go-on');

/**
 * How late the beats of this process come, in ms, while its agents start, work, and end; and its processor time a
 * second while they work.
 */
export async function watchPhases(dir: string, { milliseconds = 0 }: Params, crew: Crew): Promise<Sample> {
  const histogram = monitorEventLoopDelay({ resolution });
  histogram.enable();
  // What was measured is from beat to beat, in ns.
  const late = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e6 - resolution);
  const read = (): { p99: number; max: number } => {
    const [p99, max] = [late(histogram.percentile(99)), late(histogram.max)];
    histogram.reset();
    return { p99, max };
  };
  await writeFile(leash(dir), '');
  try {
    histogram.reset();
    await Promise.all(Array.from({ length: agents }, crew.start));
    const starting = read();
    const before = process.cpuUsage();
    await sleep(milliseconds);
    const { user, system } = process.cpuUsage(before);
    const working = read();
    await rm(leash(dir));
    await crew.ended();
    const ending = read();
    return {
      startP99: starting.p99,
      startMax: starting.max,
      p99: working.p99,
      max: working.max,
      endP99: ending.p99,
      endMax: ending.max,
      ownMs: (user + system) / milliseconds,
    };
  } finally {
    histogram.disable();
    await rm(leash(dir), { force: true });
  }
}
