import type { Retention } from '@runtime/contracts';
import { formatDuration } from '../arguments/duration.ts';
import { formatBytes } from './bytes.ts';

const dayMs = 86_400_000;

/** In words: `the last 90d, at most 10000 tasks, about 5.0 GiB`. */
export function describeRetention(retention: Retention | false): string {
  if (retention === false) return 'everything is kept';
  const { olderThanMs, keep, maxBytes } = retention;
  const parts = [
    ...(olderThanMs === undefined ? [] : [`tasks of the last ${formatAge(olderThanMs)}`]),
    ...(keep === undefined ? [] : [`at most ${keep} tasks`]),
    ...(maxBytes === undefined ? [] : [`about ${formatBytes(maxBytes)}`]),
  ];
  return parts.join(', ');
}

const formatAge = (ms: number): string => (ms % dayMs === 0 ? `${ms / dayMs}d` : formatDuration(ms));
