import { local } from '@runtime/adapter-local';
import { agent } from './stamps.ts';

/**
 * How many lines, and how far apart, in ms: slower than the delta window, and faster. A runtime of its own for each.
 */
export const paces = {
  slow: { quick: { lines: 10, gapMs: 42 }, full: { lines: 62, gapMs: 45 } },
  fast: { quick: { lines: 32, gapMs: 7 }, full: { lines: 250, gapMs: 7 } },
} as const;

/** The plane's default. */
export const deltaWindowMs = 30;

export function adapters() {
  return Object.values(paces)
    .flatMap(({ quick, full }) => [quick, full])
    .map((pace) => local({ id: `lines-${pace.lines}-${pace.gapMs}`, command: agent(pace) }));
}
