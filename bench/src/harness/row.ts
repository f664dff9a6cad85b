import { median, percentile } from './contender.ts';

export interface Goal {
  readonly sign: '≥' | '≤';
  readonly value: number;
}

/** A ratio, or an amount: '' is a count. */
export type Unit = '×' | '' | 'ms' | 'KB' | 'MB' | '/s';

/** One line of the table. */
export interface Row {
  readonly what: string;
  /** What it is measured against. */
  readonly beside: string;
  /** One per round; empty when it could not be measured. */
  readonly pairs: readonly number[];
  readonly median: number;
  /** The pair that is best for us. */
  readonly best: number;
  readonly goal?: Goal;
  /** The pairs lie so far apart that another run may judge otherwise. */
  readonly noisy: boolean;
  readonly verdict: 'met' | 'met by the best pair' | 'missed' | 'no goal' | 'not there';
  readonly unit: Unit;
  /** Medians of both sides in absolute figures: they mean nothing beyond this run. */
  readonly figures?: string;
  /** Why it is not there. */
  readonly why?: string;
}

export interface RowOptions {
  readonly what: string;
  readonly beside: string;
  readonly goal?: Goal;
  /** Which way is good where there is no goal. @default 'higher' */
  readonly better?: 'higher' | 'lower';
  /** @default '×' */
  readonly unit?: Unit;
  readonly figures?: string;
}

/** Judged as the goals are meant: missed only when the median and the best pair both miss. */
export function row(pairs: readonly number[], { better = 'higher', unit = '×', ...options }: RowOptions): Row {
  const lower = options.goal ? options.goal.sign === '≤' : better === 'lower';
  const middle = median(pairs);
  const best = lower ? Math.min(...pairs) : Math.max(...pairs);
  return {
    ...options,
    unit,
    pairs,
    median: middle,
    best,
    noisy: isNoisy(pairs),
    verdict: judge(middle, best, options.goal),
  };
}

export function notThere(why: string, options: RowOptions): Row {
  const nothing = Number.NaN;
  return { unit: '×', ...options, pairs: [], median: nothing, best: nothing, noisy: false, verdict: 'not there', why };
}

/** The middle half of the pairs spans more than a factor of 1.5. */
function isNoisy(pairs: readonly number[]): boolean {
  return percentile(pairs, 0.75) > 1.5 * percentile(pairs, 0.25);
}

function judge(middle: number, best: number, goal: Goal | undefined): Row['verdict'] {
  if (!goal) return 'no goal';
  const meets = (value: number) => (goal.sign === '≥' ? value >= goal.value : value <= goal.value);
  if (meets(middle)) return 'met';
  return meets(best) ? 'met by the best pair' : 'missed';
}

/** a[i] / b[i]. */
export function ratios(a: readonly number[], b: readonly number[]): number[] {
  return a.map((value, index) => value / (b[index] ?? Number.NaN));
}

/** Few digits, for people. */
export function short(value: number): string {
  const scaled = (by: number, suffix: string) => `${trim(value / by)}${suffix}`;
  if (value >= 1e6) return scaled(1e6, 'M');
  if (value >= 1e4) return scaled(1e3, 'k');
  return trim(value);
}

function trim(value: number): string {
  if (!Number.isFinite(value)) return '–';
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}
