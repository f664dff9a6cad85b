import type { Target, TaskEventOf, TaskStreamEvent } from '@runtime/contracts';
import { formatDuration } from '../arguments/duration.ts';
import { sanitizeLine } from '../sanitize.ts';
import type { Colours } from './output.ts';
import { describeOutcome } from './summary.ts';

export const targetName = (target: Target): string =>
  sanitizeLine(target.model === undefined ? target.runtime : `${target.runtime} (${target.model})`);

/** Tells a failure and what follows from it in one line: the plane records several events for them. */
export interface Failures {
  /** The line for an event, empty while its consequence is not known; undefined for an event that is no failure. */
  show(event: TaskStreamEvent): string | undefined;
  /** The failure whose consequence is not known. */
  end(): string;
}

interface Failure {
  readonly text: string;
  /** By which the outcome of the task is recognised as the same failure. */
  readonly reason: string;
}

/** Makes the teller. It remembers the failure that is not shown yet. */
export function createFailures(c: Colours): Failures {
  let pending: Failure | undefined;
  let target = 'the runtime';
  const line = (text: string): string => `${c.yellow('!')} ${text}\n`;
  const take = (): string | undefined => {
    const text = pending?.text;
    pending = undefined;
    return text;
  };
  const end = (): string => {
    const text = take();
    return text === undefined ? '' : line(text);
  };
  const hold = (failure: Failure): string => {
    const before = end();
    pending = failure;
    return before;
  };
  const followedBy = (reason: string, consequence: string): string =>
    line(`${take() ?? sanitizeLine(reason, 300)}; ${consequence}`);
  const show = (event: TaskStreamEvent): string | undefined => {
    if (event.type === 'run.starting') target = targetName(event.target);
    if (event.type === 'runtime.rejected') return hold(rejected(event));
    if (event.type === 'run.ended') return event.outcome.status === 'succeeded' ? end() : hold(ended(target, event));
    if (event.type === 'runtime.degraded') return followedBy(event.reason, degraded(event));
    if (event.type === 'attempt.scheduled')
      // runtime.degraded has told it, just before.
      return event.mode === 'degrade' ? '' : followedBy(event.reason, scheduled(event, event.time));
    if (event.type !== 'task.ended') return undefined;
    // The last line of the view says how the task ended.
    if (pending && describeOutcome(event.outcome).includes(sanitizeLine(pending.reason, 300))) take();
    return end();
  };
  return { show, end };
}

const rejected = ({ target, code, reason }: TaskEventOf<'runtime.rejected'>): Failure => ({
  text: `${targetName(target)} cannot be used (${code}): ${sanitizeLine(reason, 300)}`,
  reason,
});

const ended = (target: string, { outcome }: TaskEventOf<'run.ended'>): Failure => ({
  text: `${target} ${describeOutcome(outcome)}`,
  reason: outcome.message ?? outcome.status,
});

function degraded({ to, lostCapabilities }: TaskEventOf<'runtime.degraded'>): string {
  const lost = lostCapabilities.length === 0 ? '' : `, without ${sanitizeLine(lostCapabilities.join(', '))}`;
  return `starting over on ${targetName(to)}${lost}`;
}

const nextStep = {
  start: 'starting',
  resume: 'resuming the conversation',
  restart: 'starting over',
  degrade: 'starting over',
} as const;

function scheduled({ mode, target, attempt, notBefore }: TaskEventOf<'attempt.scheduled'>, now: number): string {
  const pause = notBefore - now;
  const when = pause < 1000 ? 'now' : `in ${formatDuration(pause)}`;
  return `${nextStep[mode]} on ${targetName(target)} ${when} (attempt ${attempt})`;
}
