import { outcomeCode, type CursoredEvent, type RunOutcome } from '@runtime/contracts';
import { sanitizeLine } from '../sanitize.ts';

/** An outcome in a few words: `failed (exit_code): the agent's own message`. Sanitised. */
export function describeOutcome(outcome: RunOutcome): string {
  const code = outcomeCode(outcome) === undefined ? '' : ` (${outcomeCode(outcome)})`;
  const message = outcome.message === undefined ? '' : `: ${sanitizeLine(outcome.message, 300)}`;
  return `${outcome.status}${code}${message}`;
}

/** Fields that every event of a stream shares, or that say nothing to a person. */
const unsaid: ReadonlySet<string> = new Set([
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

/** What an event carries, on one line: names and values, long ones cut. For events of any family. Sanitised. */
export function summarizeEvent(event: CursoredEvent, width = 160): string {
  const parts: string[] = [];
  for (const [name, value] of Object.entries(event)) {
    if (unsaid.has(name) || value === undefined) continue;
    parts.push(`${name}=${sanitizeLine(JSON.stringify(value) ?? '', 120)}`);
  }
  const spec = event['spec'];
  if (typeof spec === 'object' && spec !== null && 'prompt' in spec) {
    parts.unshift(`prompt=${sanitizeLine(JSON.stringify(spec.prompt), 80)}`);
  }
  return sanitizeLine(parts.join(' '), width);
}

/** `12:43:06.120`, by this machine's clock and zone. */
export function formatTime(unixMs: number): string {
  const date = new Date(unixMs);
  const two = (n: number): string => String(n).padStart(2, '0');
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${String(date.getMilliseconds()).padStart(3, '0')}`;
}
