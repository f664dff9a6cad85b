import type { Target } from '@runtime/contracts';
import { formatDuration } from '../arguments/duration.ts';
import type { Colours } from './output.ts';
import { sanitizeLine } from '../sanitize.ts';
import type { LineWriters } from './line-writer.ts';
import { describeOutcome } from './summary.ts';

const warn = (c: Colours, text: string): string => `${c.yellow('!')} ${text}`;

const targetName = (target: Target): string =>
  sanitizeLine(target.model === undefined ? target.runtime : `${target.runtime} (${target.model})`);

const reasonAfterColon = (why: string | undefined): string => (why === undefined ? '' : `: ${sanitizeLine(why)}`);

/** The lines of events about runs, runtimes and requests. */
export const lifeLines: LineWriters = {
  'run.starting': (event, c) => c.dim(`· run ${event.attempt} on ${targetName(event.target)} (${event.mode})`),
  'run.started': (event, c, verbose) =>
    verbose ? c.dim(`· started, version ${sanitizeLine(event.version)}`) : undefined,
  'run.reattached': (_event, c) => c.dim('· reattached: the same process goes on'),
  'run.resumed': (_event, c) => c.dim('· resumed: the same conversation in a new process'),
  'run.stalled': (event, c) =>
    warn(c, `no ${event.signal} for ${formatDuration(event.silentMs)}, waiting on: ${event.waitingOn}`),
  'run.ended': ({ outcome }, c) =>
    outcome.status === 'succeeded' ? undefined : warn(c, `the run ended: ${describeOutcome(outcome)}`),
  'turn.ended': ({ outcome }, c, verbose) => (verbose ? c.dim(`· turn ended: ${describeOutcome(outcome)}`) : undefined),

  'runtime.rejected': (event, c) =>
    warn(c, `${targetName(event.target)} cannot be used (${event.code}): ${sanitizeLine(event.reason, 300)}`),
  'runtime.degraded': (event, c) => {
    const lost =
      event.lostCapabilities.length === 0 ? '' : `, without ${sanitizeLine(event.lostCapabilities.join(', '))}`;
    const change = `${targetName(event.from)} → ${targetName(event.to)}`;
    return warn(c, `${change}, from the beginning${lost}: ${sanitizeLine(event.reason)}`);
  },
  'attempt.scheduled': (event, c) =>
    // runtime.degraded has its own line, just before.
    event.mode === 'degrade'
      ? undefined
      : warn(
          c,
          `attempt ${event.attempt} (${event.mode}) on ${targetName(event.target)}: ${sanitizeLine(event.reason)}`,
        ),
  'retry.scheduled': (event, c) =>
    warn(c, `the runtime tries again in ${formatDuration(event.delayMs)}: ${sanitizeLine(event.reason)}`),

  'output.gap': (event, c) =>
    warn(c, `output is missing (${sanitizeLine(event.source)}): ${sanitizeLine(event.reason)}`),
  'output.quarantined': (event, c) =>
    warn(
      c,
      `malformed output set aside (${sanitizeLine(event.source)}, ${event.bytes} bytes): ${sanitizeLine(event.reason)}`,
    ),

  'cancel.requested': (event, c) =>
    warn(c, `cancel requested by ${sanitizeLine(event.by)}${reasonAfterColon(event.why)}`),
  'interrupt.requested': (event, c) =>
    warn(c, `interrupted by ${sanitizeLine(event.by)}${reasonAfterColon(event.why)}`),
  'close.requested': (event, c) =>
    c.dim(`· close requested by ${sanitizeLine(event.by)}${reasonAfterColon(event.why)}`),
};
