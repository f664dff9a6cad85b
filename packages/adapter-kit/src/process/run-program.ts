import type { ChildProcess } from 'node:child_process';
import { AgentRuntimeError, throwIfAborted, type CallOptions } from '@runtime/contracts';
import { currentDirectory } from './current-directory.ts';

const maxShownChars = 120;

/** Options of `runProgram`. */
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
  /** The longest stdout or stderr, in characters; a program that writes more is killed. @default 1048576 (1 Mi) */
  readonly maxOutputChars?: number;
}

/** How a program ended, and what it wrote. */
export interface ProgramResult {
  readonly code: number;
  readonly stdout: string;
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
 * Resolves with any exit code. Throws UNAVAILABLE when the program cannot be started, DEADLINE_EXCEEDED after the
 * timeout, EXHAUSTED for too much output, OUTCOME_UNKNOWN when another process killed it, CANCELLED when `signal`
 * aborts.
 */
export async function runProgram(
  program: string,
  args: readonly string[],
  options: ProgramOptions,
): Promise<ProgramResult> {
  const { signal, timeoutMs, env, cwd, input, maxOutputChars = 1024 * 1024 } = options;
  throwIfAborted(signal);
  const { execa } = await loadExeca();
  const limit = AbortSignal.timeout(timeoutMs);
  const stop = signal ? AbortSignal.any([limit, signal]) : limit;
  const child = execa(program, args, {
    env,
    extendEnv: false,
    cwd: cwd ?? currentDirectory(),
    ...(input === undefined ? { stdin: 'ignore' as const } : { input }),
    reject: false,
    stripFinalNewline: false,
    maxBuffer: maxOutputChars,
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
  for (const output of [child.stdout, child.stderr]) {
    // An output that was not read to its end was too long.
    output.once('close', () => output.readableEnded || giveUp());
  }
  const result = await child;
  const { exitCode, stdout, stderr } = result;
  // A program that ended but left its outputs to a child has answered all the same.
  if (exitCode !== undefined && !result.isMaxBuffer) return { code: exitCode, stdout, stderr };
  throwIfAborted(signal);
  throw failure(commandLine(program, args), timeoutMs, { ...result, isLate: limit.aborted });
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

interface Failed {
  readonly isLate: boolean;
  readonly isMaxBuffer: boolean;
  readonly signal?: string;
  readonly cause?: unknown;
}

function failure(
  program: string,
  timeoutMs: number,
  { isLate, isMaxBuffer, signal, cause }: Failed,
): AgentRuntimeError {
  if (isMaxBuffer) return new AgentRuntimeError('EXHAUSTED', `${program} wrote too much`, { cause });
  if (isLate) {
    return new AgentRuntimeError('DEADLINE_EXCEEDED', `${program} did not end within ${timeoutMs} ms`, { cause });
  }
  if (signal !== undefined) {
    return new AgentRuntimeError('OUTCOME_UNKNOWN', `${program} was ended by ${signal}`, { cause });
  }
  return new AgentRuntimeError('UNAVAILABLE', `${program} could not be run`, { cause });
}
