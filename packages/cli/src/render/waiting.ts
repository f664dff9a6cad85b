import type { TaskView } from '@runtime/contracts';
import { formatDuration } from '../arguments/duration.ts';

/** What a task waits for, in words; undefined for one that works or has ended. Sanitised. */
export function describeWaiting(view: TaskView, now: number): string | undefined {
  if (view.approvals.length > 0) return view.approvals.length === 1 ? 'waits for an answer' : 'waits for answers';
  if (view.status === 'waiting') return 'the agent rests; the task is kept open for follow-ups';
  if (view.status !== 'queued') return undefined;
  const pause = (view.nextAttemptAt ?? 0) - now;
  if (pause > 0) return `the next attempt is in ${formatDuration(pause)}`;
  return 'queued behind other tasks, or behind a task in the same workspace';
}
