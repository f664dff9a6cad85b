import type { TaskEventOf } from '@runtime/contracts';
import { formatDuration } from '../arguments/duration.ts';
import type { Colours } from './output.ts';
import { sanitizeLine } from '../sanitize.ts';
import { targetName } from './failures.ts';
import type { LineWriters } from './line-writer.ts';
import { describeModel } from './model.ts';
import { shortId } from './short-id.ts';
import { describeOutcome } from './summary.ts';
import { formatCount } from './usage.ts';

const warn = (c: Colours, text: string): string => `${c.yellow('!')} ${text}`;

const reasonAfterColon = (why: string | undefined): string => (why === undefined ? '' : `: ${sanitizeLine(why)}`);

/** ` from 128.4k to 21.0k tokens`, as far as they are known. */
function formatCut({ tokensBefore, tokensAfter }: TaskEventOf<'context.compacted'>): string {
  if (tokensBefore === undefined) return '';
  if (tokensAfter === undefined) return ` of ${formatCount(tokensBefore)} tokens`;
  return ` from ${formatCount(tokensBefore)} to ${formatCount(tokensAfter)} tokens`;
}

/** The lines of events about tasks, runs, what the backend does by itself, and requests. Failures have their own. */
export const lifeLines: LineWriters = {
  'task.submitted': (event, { colours: c }) =>
    `${c.dim('· task')} ${c.bold(shortId(event.stream.slice('task/'.length)))}`,
  'run.starting': (event, { colours: c }) =>
    c.dim(`· run ${event.attempt} on ${targetName(event.target)} (${event.mode})`),
  'run.started': (event, { colours: c, verbose }) =>
    verbose ? c.dim(`· started, version ${sanitizeLine(event.version)}`) : undefined,
  'run.reattached': (_event, { colours: c }) => c.dim('· reattached: the same process goes on'),
  'run.resumed': (_event, { colours: c }) => c.dim('· resumed: the same conversation in a new process'),
  'run.stalled': (event, { colours: c }) =>
    warn(c, `no ${event.signal} for ${formatDuration(event.silentMs)}, waiting on: ${event.waitingOn}`),
  'turn.ended': ({ outcome }, { colours: c, verbose }) =>
    verbose ? c.dim(`· turn ended: ${describeOutcome(outcome)}`) : undefined,
  'retry.scheduled': (event, { colours: c }) =>
    warn(c, `the runtime tries again in ${formatDuration(event.delayMs)}: ${sanitizeLine(event.reason)}`),
  'retry.ended': ({ attempt, ok, reason }, { colours: c, verbose }) => {
    if (!verbose) return undefined;
    if (ok === false) return warn(c, `the runtime gave up after retry ${attempt}${reasonAfterColon(reason)}`);
    return c.dim(ok === true ? `· retry ${attempt} worked` : `· retry ${attempt} ended; how is unknown`);
  },
  'model.selected': (event, { colours: c }) => c.dim(`· model ${describeModel(event)}`),
  'compaction.started': (event, { colours: c, verbose }) =>
    verbose ? c.dim(`· the agent compacts its context: ${sanitizeLine(event.reason)}`) : undefined,
  'context.compacted': (event, { colours: c }) => c.dim(`· the agent compacted its context${formatCut(event)}`),
  'compaction.failed': (event, { colours: c }) =>
    warn(c, `the context was not compacted: ${sanitizeLine(event.reason)}`),

  'output.gap': (event, { colours: c }) =>
    warn(c, `output is missing (${sanitizeLine(event.source)}): ${sanitizeLine(event.reason)}`),
  'output.quarantined': (event, { colours: c }) =>
    warn(
      c,
      `malformed output set aside (${sanitizeLine(event.source)}, ${event.bytes} bytes): ${sanitizeLine(event.reason)}`,
    ),

  'cancel.requested': (event, { colours: c }) =>
    warn(c, `cancel requested by ${sanitizeLine(event.by)}${reasonAfterColon(event.why)}`),
  'interrupt.requested': (event, { colours: c }) =>
    warn(c, `interrupted by ${sanitizeLine(event.by)}${reasonAfterColon(event.why)}`),
  'close.requested': (event, { colours: c }) =>
    c.dim(`· close requested by ${sanitizeLine(event.by)}${reasonAfterColon(event.why)}`),
};
