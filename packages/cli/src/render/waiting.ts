import type { TaskView } from '@runtime/contracts';
import { formatElapsed } from '../arguments/duration.ts';
import { sanitizeLine } from '../sanitize.ts';
import { withShortIds } from './short-id.ts';

/** What a task waits for, in words; undefined for one that works or has ended. Sanitised. */
export function describeWaiting(view: TaskView, now: number): string | undefined {
  const { waitingFor } = view;
  if (waitingFor === undefined) return undefined;
  const { kind, text, until } = waitingFor;
  // A start takes a moment; that is no waiting to speak of.
  if (kind === 'runtime' && view.status === 'running') return undefined;
  const named = sanitizeLine(withShortIds(text), 400);
  const pause = (until ?? 0) - now;
  const sentence = `${named.slice(0, 1).toLowerCase()}${named.slice(1)}`;
  return pause > 0 ? `${sentence} (in ${formatElapsed(pause)})` : sentence;
}
