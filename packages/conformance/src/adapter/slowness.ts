import { spawnSync } from 'node:child_process';

/** A spawn of sh on the machine on which the limits were chosen, in ms. */
const referenceMs = 2.5;
/** Limits that grow beyond this tell nothing any more. */
const maxFactor = 20;
const samples = 7;

let measured: number | undefined;

/**
 * How many times slower than the reference this machine is now: at least 1, at most 20, from the median of a few spawns
 * of a shell, measured at the first call. Limits that are multiplied by it tell a slow machine from a fault.
 */
export function slowness(): number {
  return (measured ??= measure());
}

function measure(): number {
  const times = Array.from({ length: samples }, spawnMs).toSorted((a, b) => a - b);
  const median = times[Math.floor(samples / 2)] ?? referenceMs;
  // Whole, because what it multiplies are milliseconds for timers that take whole ones.
  return Math.min(maxFactor, Math.max(1, Math.ceil(median / referenceMs)));
}

function spawnMs(): number {
  const began = performance.now();
  spawnSync('sh', ['-c', ':']);
  return performance.now() - began;
}
