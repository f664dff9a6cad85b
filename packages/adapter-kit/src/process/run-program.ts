import { AgentRuntimeError, throwIfAborted, type CallOptions } from '@runtime/contracts';

export interface ProgramOptions extends CallOptions {
  /** The whole environment: nothing of ours is added. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** @default the current directory */
  readonly cwd?: string;
  /** Its standard input. @default empty */
  readonly input?: string | Uint8Array;
  /** After so many milliseconds it is killed. Without a limit a program that hangs would hold its caller for ever. */
  readonly timeoutMs: number;
  /** Above so many characters of stdout, or of stderr, it is killed. @default 1048576 (1 Mi) */
  readonly maxOutputChars?: number;
}

/** How a program ended, and what it wrote. */
export interface ProgramResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a short program for what it writes: a version, a question to a server. No shell reads its arguments; it is
 * killed with KILL when it takes too long, writes too much, or `signal` aborts. A child of it that keeps its outputs
 * open is waited for no longer, and is not ended.
 * An agent is never run by this: see `startHolder`.
 *
 * Resolves with whatever exit code it had. Throws UNAVAILABLE when it cannot be started, DEADLINE_EXCEEDED when it took
 * too long, EXHAUSTED when it wrote too much, OUTCOME_UNKNOWN when a signal of somebody else's ended it, CANCELLED when
 * `signal` aborted.
 */
export async function runProgram(
  program: string,
  args: readonly string[],
  options: ProgramOptions,
): Promise<ProgramResult> {
  const { signal, timeoutMs, env, cwd, input, maxOutputChars = 1024 * 1024 } = options;
  throwIfAborted(signal);
  // Loaded when it is needed: a command that only looks at files starts without it.
  const { execa } = await import('execa');
  const limit = AbortSignal.timeout(timeoutMs);
  const stop = signal ? AbortSignal.any([limit, signal]) : limit;
  const child = execa(program, args, {
    env,
    extendEnv: false,
    ...(cwd === undefined ? {} : { cwd }),
    ...(input === undefined ? { stdin: 'ignore' as const } : { input }),
    reject: false,
    stripFinalNewline: false,
    maxBuffer: maxOutputChars,
    cancelSignal: stop,
    killSignal: 'SIGKILL',
    forceKillAfterDelay: false,
    // It would listen for the signals of the program that we live in.
    cleanup: false,
  });
  // A grandchild may hold the outputs open: they are waited for no longer than the program.
  stop.addEventListener('abort', () => {
    child.stdout.destroy();
    child.stderr.destroy();
  });
  const result = await child;
  const { exitCode, stdout, stderr } = result;
  // One that ended in time and left its outputs to a child has answered all the same.
  if (exitCode !== undefined && !result.isMaxBuffer) return { code: exitCode, stdout, stderr };
  throwIfAborted(signal);
  throw failure(program, timeoutMs, { ...result, isLate: limit.aborted });
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
