import { usageError } from './usage-error.ts';

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Matches `10m`, `1h30m`, `500ms`, `2d`. The schema of the configuration publishes it. */
export const durationPattern = /^(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+$/;

const dayMs = 86_400_000;
const maxDays = 90;

/** The milliseconds of a duration from 1ms to 90d. Throws INVALID_ARGUMENT, also for a number without a unit. */
export const parseDuration = (text: string): number => parseUpTo(text, maxDays);

/** As `parseDuration`, for ages: up to ten years. */
export const parseAge = (text: string): number => parseUpTo(text, 3650);

function parseUpTo(text: string, days: number): number {
  if (!durationPattern.test(text)) {
    throw usageError(`${JSON.stringify(text)} is not a duration`, 'write it with units: 500ms, 90s, 10m, 1h30m, 2d');
  }
  let total = 0;
  for (const [, amount = '', unit = ''] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)) {
    total += Number(amount) * (unitMs[unit] ?? Number.NaN);
  }
  const ms = Math.round(total);
  if (ms < 1 || ms > days * dayMs) throw usageError(`a duration must be between 1ms and ${days}d, not ${text}`);
  return ms;
}

/** A duration as people read it: `850ms`, `12s`, `3m 05s`, `1h 04m`, `2d 03h`. */
export function formatDuration(ms: number): string {
  const value = Math.max(0, ms);
  if (value < 1000) return `${Math.round(value)}ms`;
  const seconds = Math.floor(value / 1000);
  const two = (n: number): string => String(n).padStart(2, '0');
  if (seconds < 60) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}m ${two(seconds % 60)}s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours}h ${two(minutes % 60)}m`;
  return `${Math.floor(hours / 24)}d ${two(hours % 24)}h`;
}

/** A duration that counts up on a screen: whole seconds, then as `formatDuration`. */
export function formatElapsed(ms: number): string {
  return ms < 60_000 ? `${Math.floor(Math.max(0, ms) / 1000)}s` : formatDuration(ms);
}

/** The duration of something short, to a tenth of a second below a minute: `0.4s`, `12.0s`, `3m 05s`. */
export function formatSeconds(ms: number): string {
  return ms < 60_000 ? `${(Math.max(0, ms) / 1000).toFixed(1)}s` : formatDuration(ms);
}
