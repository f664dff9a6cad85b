import { inspect } from 'node:util';
import type { AgentRuntimeError } from '@runtime/contracts';
import pc from 'picocolors';
import type { CliDependencies, TextSink } from '../host/dependencies.ts';
import type { Mount } from '../mount.ts';
import { terminalWidth, wrapLine } from './fit.ts';
import { withShortIds } from './short-id.ts';
import { createStatusLine } from './status-line.ts';
import { spokenHint } from './spoken.ts';
import { createSanitizer, safeJson, sanitize } from '../sanitize.ts';

export type Colours = ReturnType<typeof pc.createColors>;

/** The output of a command. Writing resolves when the pipe has room, so that a slow reader costs no memory. */
export interface Output {
  readonly json: boolean;
  readonly colours: Colours;
  /** Whether a person watches: stdout is a terminal, and no `--json`. */
  readonly live: boolean;
  /** Whether a line may be drawn again: a terminal that is not dumb, and no `--quiet`. */
  readonly redraws: boolean;
  /** The width of the terminal; Infinity where stdout is none, because what reads it there wants whole lines. */
  readonly columns: number;
  /** Writes text to stdout as it is. The caller has sanitised untrusted parts. */
  write(text: string): Promise<void>;
  /**
   * Writes bytes to stdout as they are. On a terminal they are text: what controls it is left out, and the last line is
   * ended.
   */
  bytes(chunks: AsyncIterable<Uint8Array>): Promise<void>;
  /** Writes a line for people. Does nothing with `--json` and with `--quiet`. */
  line(text?: string): Promise<void>;
  /** Writes the bare result, which is what `--quiet` leaves; nothing for an empty one. Does nothing with `--json`. */
  bare(text: string): Promise<void>;
  /**
   * Draws a line below the last one, again and again where `redraws` allows it, until the returned function is called.
   * Whatever else is written takes its place. Does nothing while there is such a line already.
   */
  moving(describe: () => string | undefined): () => void;
  /** Writes the one JSON document of the command. Does nothing without `--json`. */
  document(value: unknown): Promise<void>;
  /** Writes one line of NDJSON, with or without `--json`. */
  record(value: unknown): Promise<void>;
  /** Writes a note to stderr, with or without `--json`; nothing for an empty one. */
  note(text: string): void;
  /** Writes to stderr what a person may like to know. Does nothing with `--quiet`. */
  remark(text: string): void;
  /** Whether only the bare result is wanted: `--quiet`. */
  readonly quiet: boolean;
}

/** Whether to use colours: on a terminal, unless NO_COLOR is not empty or TERM is `dumb`. */
export function wantsColour(env: Readonly<Record<string, string | undefined>>, sink: TextSink): boolean {
  if (env['NO_COLOR'] !== undefined && env['NO_COLOR'] !== '') return false;
  return sink.isTTY === true && env['TERM'] !== 'dumb';
}

/** Makes the output of one command. Aborting `signal` ends the waiting for a reader that does not read. */
export function createOutput(
  deps: CliDependencies,
  { json, quiet = false }: { readonly json: boolean; readonly quiet?: boolean },
  signal: AbortSignal = deps.brokenPipe,
): Output {
  const { stdout, stderr, brokenPipe } = deps;
  let writing = 0;
  let isMoving = false;
  const send = async (text: string | Uint8Array): Promise<void> => {
    if (brokenPipe.aborted || text.length === 0) return;
    writing += 1;
    if (!stdout.write(text)) await drained(stdout, signal);
    writing -= 1;
  };
  const write = (text: string): Promise<void> => send(text === '' ? '' : status.erase() + text);
  const note = (text: string): void => {
    if (text === '') return;
    void send(status.erase());
    stderr.write(`${stderr.isTTY === true ? wrapLine(text, terminalWidth(stderr)) : text}
`);
  };
  const record = (value: unknown): Promise<void> => write(`${safeJson(value)}\n`);
  const bare = (text: string): Promise<void> => (json || text === '' ? Promise.resolve() : write(`${text}\n`));
  const out: Output = {
    json,
    colours: pc.createColors(!json && wantsColour(deps.env, stdout)),
    live: !json && stdout.isTTY === true,
    redraws: !json && !quiet && stdout.isTTY === true && deps.env['TERM'] !== 'dumb',
    // Not kept: a window changes its size.
    get columns() {
      return stdout.isTTY === true ? terminalWidth(stdout, 100) : Infinity;
    },
    write,
    async bytes(chunks) {
      if (stdout.isTTY !== true) {
        for await (const chunk of chunks) await send(chunk);
        return;
      }
      const decoder = new TextDecoder();
      const sanitizer = createSanitizer();
      let isEnded = true;
      for await (const chunk of chunks) {
        const text = sanitizer.push(decoder.decode(chunk, { stream: true }));
        if (text !== '') isEnded = text.endsWith('\n');
        await write(text);
      }
      if (!isEnded) await write('\n');
    },
    line: (text = '') => (json || quiet ? Promise.resolve() : write(`${text}\n`)),
    bare,
    moving(describe) {
      if (!out.redraws || isMoving) return () => {};
      isMoving = true;
      // While a slow reader holds the last text up, there is nothing to draw over.
      const draw = (): void => void (writing > 0 || send(status.draw(describe())));
      const timer = setInterval(draw, deps.frameMs ?? 120);
      return () => {
        clearInterval(timer);
        isMoving = false;
        void send(status.erase());
      };
    },
    document: (value) => (json ? record(value) : Promise.resolve()),
    record,
    note,
    remark: (text) => void (quiet || note(text)),
    quiet,
  };
  const status = createStatusLine(out);
  return out;
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

/** An error as people read it: message and hint in the words of the command line, with `verbose` also its causes. */
export function formatError(error: AgentRuntimeError, colours: Colours, verbose: boolean, mount?: Mount): string {
  const lines = [
    `${colours.red('error')} ${withShortIds(sanitize(error.rawMessage))} ${colours.dim(`[${error.code}]`)}`,
  ];
  const hint = spokenHint(error.hint ?? '', mount);
  if (hint !== '') lines.push(`${colours.cyan('hint')}  ${withShortIds(sanitize(hint))}`);
  if (verbose) {
    let cause: unknown = error.cause;
    // A cyclic chain of causes must not hang the report.
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
