import { inspect } from 'node:util';
import type { AgentRuntimeError } from '@runtime/contracts';
import pc from 'picocolors';
import type { CliDependencies, TextSink } from '../host/dependencies.ts';
import { safeJson, sanitize } from '../sanitize.ts';

export type Colours = ReturnType<typeof pc.createColors>;

/** Where a command's words go. Lines resolve when the pipe has room, so that a slow reader slows the command and costs no memory. */
export interface Output {
  readonly json: boolean;
  readonly colours: Colours;
  /** True when stdout is a terminal and people read it. */
  readonly live: boolean;
  readonly columns: number;
  /** Text for stdout, as it is. Untrusted parts must have been sanitised. */
  write(text: string): Promise<void>;
  /** A line for people: left out with `--json`. */
  line(text?: string): Promise<void>;
  /** The one JSON document of a command; left out without `--json`. */
  document(value: unknown): Promise<void>;
  /** One line of NDJSON. */
  record(value: unknown): Promise<void>;
  /** A remark on stderr, with or without `--json`. */
  note(text: string): void;
}

/** Colours only on a terminal; NO_COLOR (any non-empty value) and TERM=dumb switch them off. */
export function wantsColour(env: Readonly<Record<string, string | undefined>>, sink: TextSink): boolean {
  if (env['NO_COLOR'] !== undefined && env['NO_COLOR'] !== '') return false;
  return sink.isTTY === true && env['TERM'] !== 'dumb';
}

/** The output of one command. `signal` ends the waiting for a reader that takes nothing. */
export function createOutput(deps: CliDependencies, json: boolean, signal: AbortSignal = deps.brokenPipe): Output {
  const { stdout, stderr, brokenPipe } = deps;
  const write = async (text: string): Promise<void> => {
    if (brokenPipe.aborted || text === '') return;
    if (!stdout.write(text)) await drained(stdout, signal);
  };
  const record = (value: unknown): Promise<void> => write(`${safeJson(value)}\n`);
  return {
    json,
    colours: pc.createColors(!json && wantsColour(deps.env, stdout)),
    live: !json && stdout.isTTY === true,
    columns: stdout.columns ?? 100,
    write,
    line: (text = '') => (json ? Promise.resolve() : write(`${text}\n`)),
    document: (value) => (json ? record(value) : Promise.resolve()),
    record,
    note: (text) => void stderr.write(`${text}\n`),
  };
}

function drained(sink: TextSink, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      sink.off('drain', done);
      signal.removeEventListener('abort', done);
      resolve();
    };
    sink.once('drain', done);
    signal.addEventListener('abort', done);
    if (signal.aborted) done();
  });
}

/** An error as people read it: message, what can be done, and with `verbose` what caused it. */
export function formatError(error: AgentRuntimeError, colours: Colours, verbose: boolean): string {
  const lines = [`${colours.red('error')} ${sanitize(error.rawMessage)} ${colours.dim(`[${error.code}]`)}`];
  if (error.hint !== undefined) lines.push(`${colours.cyan('hint')}  ${sanitize(error.hint)}`);
  if (verbose) {
    let cause: unknown = error.cause;
    // A chain that bites its own tail must not hang the report.
    for (let depth = 0; cause !== undefined && cause !== null && depth < 10; depth += 1) {
      const text =
        cause instanceof Error ? (cause.stack ?? cause.message) : typeof cause === 'string' ? cause : inspect(cause);
      lines.push(colours.dim(`cause ${sanitize(text)}`));
      cause = cause instanceof Error ? cause.cause : undefined;
    }
    if (error.cause === undefined && error.stack !== undefined) lines.push(colours.dim(sanitize(error.stack)));
  }
  return lines.join('\n');
}
