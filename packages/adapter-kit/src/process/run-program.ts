import type { ChildProcess } from 'node:child_process';
import { AgentRuntimeError, throwIfAborted, type CallOptions } from '@runtime/contracts';
import { currentDirectory } from './current-directory.ts';

const maxShownChars = 120;
const defaultMaxOutputBytes = 1024 * 1024;
/** However long the output may be: what a program complains of is text that is shown. */
const maxErrorBytes = 16 * 1024 * 1024;

/** Options of `runProgram` and `streamProgram`. */
export interface ProgramOptions extends CallOptions {
  /** The whole environment: nothing of ours is added. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** @default the current directory; `/` where that was removed */
  readonly cwd?: string;
  /** Its standard input. @default empty */
  readonly input?: string | Uint8Array;
  /**
   * Timeout in ms, after which the program is killed. It has no default: a program that hangs would block its caller
   * for ever.
   */
  readonly timeoutMs: number;
  /**
   * The longest stdout, and the longest stderr up to 16 MiB, in bytes; a program that writes more is killed.
   * @default 1048576 (1 Mi)
   */
  readonly maxOutputBytes?: number;
  /** What messages call it. @default its command line, of which 120 characters */
  readonly name?: string;
}

/** How a program ended, and what it wrote. */
export interface ProgramResult<Output = string> {
  readonly code: number;
  readonly stdout: Output;
  readonly stderr: string;
}

/** Loaded at the first call, so that a program that only reads files starts faster. */
const loadExeca = () => import('execa');

/** Loads what `runProgram` loads at its first call, for a process that may outlive its own files. */
export async function loadRunProgram(): Promise<void> {
  await loadExeca();
}

/**
 * Runs a short program for its output, such as a version. No shell reads its arguments. The program and its children,
 * but for those that left its process group, get KILL when it takes too long, writes too much, or `signal` aborts. A
 * terminal's Ctrl-C does not reach them: it is for the caller, who aborts `signal`. A child that a program has left
 * behind is not ended, and is waited for no longer than `timeoutMs` where it keeps the outputs open.
 * For agents, use `startHolder`.
 *
 * Resolves with any exit code; with `encoding: 'buffer'` stdout is the bytes that were written, else text. Throws
 * UNAVAILABLE when the program cannot be started, DEADLINE_EXCEEDED after the timeout, EXHAUSTED for too much output
 * (not to be tried again), OUTCOME_UNKNOWN when another process killed it, CANCELLED when `signal` aborts.
 */
export function runProgram(
  program: string,
  args: readonly string[],
  options: ProgramOptions & { readonly encoding: 'buffer' },
): Promise<ProgramResult<Buffer>>;
export function runProgram(program: string, args: readonly string[], options: ProgramOptions): Promise<ProgramResult>;
export async function runProgram(
  program: string,
  args: readonly string[],
  options: ProgramOptions & { readonly encoding?: 'buffer' },
): Promise<ProgramResult<string | Buffer>> {
  const running = await start(program, args, options, true);
  const { code, stdout, stderr } = await running.ended();
  return { code, stdout: options.encoding === 'buffer' ? stdout : stdout.toString(), stderr };
}

/**
 * What a program writes to stdout, while it does, and at the end, as the value that is returned, its exit code and
 * stderr. It is ended as `runProgram` ends one, and also when its reader leaves. Throws as `runProgram`; for too much
 * output once that much was given.
 */
export async function* streamProgram(
  program: string,
  args: readonly string[],
  options: ProgramOptions,
): AsyncGenerator<Uint8Array, Omit<ProgramResult, 'stdout'>, undefined> {
  const running = await start(program, args, options, false);
  const { maxOutputBytes = defaultMaxOutputBytes } = options;
  let bytes = 0;
  let isWhole = false;
  let cause: unknown;
  try {
    for await (const chunk of running.output) {
      bytes += chunk.byteLength;
      if (bytes > maxOutputBytes) break;
      yield chunk;
    }
    isWhole = bytes <= maxOutputBytes;
  } catch (error) {
    cause = error;
  } finally {
    if (!isWhole) running.giveUp();
    await running.settled;
  }
  if (bytes > maxOutputBytes) throw running.failed({ isMaxBuffer: true });
  const { code, stderr } = await running.ended();
  if (!isWhole) throw running.failed({ cause });
  return { code, stderr };
}

/** What keeps a program from a result. */
interface Obstacle {
  readonly isMaxBuffer?: boolean;
  readonly signal?: string | undefined;
  readonly originalMessage?: string | undefined;
  readonly cause?: unknown;
}

interface Running {
  readonly output: AsyncIterable<Uint8Array>;
  readonly settled: Promise<unknown>;
  /** Resolves with what is known of one that ended by itself. */
  ended(): Promise<ProgramResult<Buffer>>;
  giveUp(): void;
  failed(obstacle: Obstacle): AgentRuntimeError;
}

async function start(
  program: string,
  args: readonly string[],
  options: ProgramOptions,
  isKept: boolean,
): Promise<Running> {
  const { signal, timeoutMs, env, cwd, input, maxOutputBytes = defaultMaxOutputBytes } = options;
  const { name = commandLine(program, args) } = options;
  throwIfAborted(signal);
  const { execa } = await loadExeca();
  const limit = AbortSignal.timeout(timeoutMs);
  const stop = signal ? AbortSignal.any([limit, signal]) : limit;
  const child = execa(program, args, {
    env,
    extendEnv: false,
    cwd: cwd ?? currentDirectory(),
    ...(input === undefined ? { stdin: 'ignore' as const } : { input }),
    encoding: 'buffer',
    buffer: { stdout: isKept, stderr: true },
    reject: false,
    stripFinalNewline: false,
    maxBuffer: { stdout: maxOutputBytes, stderr: Math.min(maxOutputBytes, maxErrorBytes) },
    killSignal: 'SIGKILL',
    forceKillAfterDelay: false,
    // A process group of its own, by which its children are found.
    detached: process.platform !== 'win32',
    // Cleanup would listen for the signals of the host's process.
    cleanup: false,
  });
  const giveUp = (): void => {
    endGroup(child.nodeChildProcess);
    // A child in no group of ours may hold the outputs open: they are waited for no longer than the program.
    child.stdout.destroy();
    child.stderr.destroy();
  };
  stop.addEventListener('abort', giveUp);
  if (stop.aborted) giveUp();
  // The caller's signal may live for as long as its process.
  const settled = child.finally(() => stop.removeEventListener('abort', giveUp));
  for (const output of [child.stdout, child.stderr]) {
    // An output that was not read to its end was too long.
    output.once('close', () => output.readableEnded || giveUp());
  }
  const failed = (obstacle: Obstacle): AgentRuntimeError => {
    const { isMaxBuffer = false, signal: by, originalMessage = '', cause } = obstacle;
    if (isMaxBuffer) return new AgentRuntimeError('EXHAUSTED', `${name} wrote too much`, { cause, retry: 'never' });
    if (signal?.aborted) return AgentRuntimeError.from(signal.reason, 'CANCELLED');
    if (limit.aborted) {
      return new AgentRuntimeError('DEADLINE_EXCEEDED', `${name} did not end within ${timeoutMs} ms`, { cause });
    }
    if (by !== undefined) return new AgentRuntimeError('OUTCOME_UNKNOWN', `${name} was ended by ${by}`, { cause });
    const why = originalMessage === '' ? '' : `: ${originalMessage}`;
    return new AgentRuntimeError('UNAVAILABLE', `${name} could not be run${why}`, { cause });
  };
  return {
    output: child.stdout,
    settled,
    async ended() {
      const result = await settled;
      const { exitCode, stdout, stderr, isMaxBuffer } = result;
      // A program that ended but left its outputs to a child has answered all the same.
      if (exitCode === undefined || isMaxBuffer) throw failed(result);
      return { code: exitCode, stdout: Buffer.from(stdout ?? []), stderr: Buffer.from(stderr ?? []).toString() };
    },
    giveUp,
    failed,
  };
}

/** Only while the program is not reaped: after that its number proves nothing. */
function endGroup(program: ChildProcess): void {
  const { pid, exitCode, signalCode } = program;
  if (pid === undefined || exitCode !== null || signalCode !== null) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    program.kill('SIGKILL'); // Windows has no groups
  }
}

/** For messages: a command may be long, and its arguments are no secrets, but its input may be. */
function commandLine(program: string, args: readonly string[]): string {
  const line = [program, ...args].join(' ');
  return line.length <= maxShownChars ? line : `${line.slice(0, maxShownChars)}…`;
}
