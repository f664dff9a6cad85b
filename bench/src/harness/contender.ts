export type Params = Readonly<Record<string, number>>;
/** What one run measured, by name. */
export type Sample = Readonly<Record<string, number>>;

/**
 * Something that is measured. It lives in a process of its own, warm from run to run, and does nothing between runs.
 */
export interface Contender {
  run(params: Params): Promise<Sample>;
  close?(): Promise<void>;
}

/**
 * The default export of a contender's module. Throws NotThere when this machine does not have it. `dir` is its own, on
 * the disk that is measured.
 */
export type OpenContender = (dir: string) => Promise<Contender>;

/** A peer that this machine does not have. The benchmark goes on without it and says so. */
export class NotThere extends Error {}

/** Seconds between two readings of `process.hrtime.bigint()`. */
export function secondsSince(start: bigint): number {
  return Number(process.hrtime.bigint() - start) / 1e9;
}

/** The value below which this share of the values lies. NaN for none. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? Number.NaN)
    : ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2;
}
