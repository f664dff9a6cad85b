import { outcomeCode, type CursoredEvent, type RunOutcome } from '@runtime/contracts';
import { sanitizeLine } from '../sanitize.ts';

/** An outcome on one line, such as `failed (exit_code): exit 3`. Sanitised. */
export function describeOutcome(outcome: RunOutcome): string {
  const code = outcomeCode(outcome) === undefined ? '' : ` (${outcomeCode(outcome)})`;
  const message = outcome.message === undefined ? '' : `: ${sanitizeLine(outcome.message, 300)}`;
  return `${outcome.status}${code}${message}`;
}

/** Fields that every event has, or that mean nothing to a person. */
const hiddenFields: ReadonlySet<string> = new Set([
  'type',
  'position',
  'stream',
  'revision',
  'time',
  'cursor',
  'runId',
  'sourceCursor',
  'handle',
  'spec',
]);

/** The names and values of an event of any type on one line; long values are cut unless `width` is Infinity. Sanitised. */
export function summarizeEvent(event: CursoredEvent, width = 160): string {
  const most = (cells: number): number => (width === Infinity ? width : cells);
  const parts: string[] = [];
  for (const [name, value] of Object.entries(event)) {
    if (hiddenFields.has(name) || value === undefined) continue;
    parts.push(`${name}=${sanitizeLine(JSON.stringify(value) ?? '', most(120))}`);
  }
  const spec = event['spec'];
  if (typeof spec === 'object' && spec !== null && 'prompt' in spec) {
    parts.unshift(`prompt=${sanitizeLine(JSON.stringify(spec.prompt), most(80))}`);
  }
  return sanitizeLine(parts.join(' '), width);
}

/** A time of day in the zone of this machine: `12:43:06.120`. */
export function formatTime(unixMs: number): string {
  const date = new Date(unixMs);
  const padded = (value: number, length = 2): string => String(value).padStart(length, '0');
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map((value) => padded(value)).join(':');
  return `${time}.${padded(date.getMilliseconds(), 3)}`;
}

/** A date and time in the zone of this machine, to the second: `2026-11-26 12:43:06`. */
export function formatDate(unixMs: number): string {
  const date = new Date(unixMs);
  const days = [date.getFullYear(), date.getMonth() + 1, date.getDate()].map((part) => String(part).padStart(2, '0'));
  return `${days.join('-')} ${formatTime(unixMs).slice(0, 8)}`;
}
