import type { TaskView } from '@runtime/contracts';
import { formatElapsed } from '../arguments/duration.ts';
import { sanitizeLine } from '../sanitize.ts';
import { shortId, withShortIds } from './short-id.ts';

/** How the sentence is written. */
interface WaitingStyle {
  readonly now: number;
  /** The ids of the tasks that are shown beside it. @default none */
  readonly among?: readonly string[];
  /** The most characters of the reason. @default 400 */
  readonly most?: number;
  /** What brings an owner, as `startsOwner` says it. @default as the plane says it */
  readonly starts?: string | undefined;
}

/**
 * What a task waits for, in words; undefined for one that works or has ended. Sanitised. However short, it names the
 * task that holds what this one waits for.
 */
export function describeWaiting(
  view: TaskView,
  { now, among = [], most = 400, starts }: WaitingStyle,
): string | undefined {
  const { waitingFor } = view;
  if (waitingFor === undefined) return undefined;
  const { kind, text, until, taskId } = waitingFor;
  // A start takes a moment; that is no waiting to speak of.
  if (kind === 'runtime' && view.status === 'running') return undefined;
  const reason = kind === 'owner' && starts !== undefined ? `no process owns the data directory${starts}` : text;
  const named = sanitizeLine(withShortIds(sanitizeLine(reason, 2000), among), most);
  const sentence = `${named.slice(0, 1).toLowerCase()}${named.slice(1)}`;
  const holder = taskId === undefined ? undefined : shortId(taskId, among);
  const held = holder === undefined || named.includes(holder) ? '' : ` (task ${holder})`;
  const pause = (until ?? 0) - now;
  return `${sentence}${held}${pause > 0 ? ` (in ${formatElapsed(pause)})` : ''}`;
}
