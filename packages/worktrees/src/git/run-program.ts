import type { ChildProcess } from 'node:child_process';
import { AgentRuntimeError, throwIfAborted, type CallOptions } from '@runtime/contracts';
import { execa } from 'execa';

const maxErrorBytes = 16 * 1024 * 1024;

export interface ProgramOptions extends CallOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly timeoutMs: number;
  readonly cwd?: string;
  readonly input?: Uint8Array;
  /** @default 268435456 (256 Mi) */
  readonly maxOutputBytes?: number;
}

export interface ProgramResult {
  readonly code: number;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/**
 * Runs a program for its output; no shell reads its arguments. It and its children get KILL when it takes too long,
 * writes too much, or `signal` aborts. Resolves with any exit code. Throws UNAVAILABLE when it cannot be started,
 * DEADLINE_EXCEEDED, EXHAUSTED, CANCELLED, and OUTCOME_UNKNOWN when another process killed it.
 */
export async function runProgram(
  program: string,
  args: readonly string[],
  { env, timeoutMs, cwd, input, maxOutputBytes = 256 * 1024 * 1024, signal }: ProgramOptions,
): Promise<ProgramResult> {
  throwIfAborted(signal);
  const limit = AbortSignal.timeout(timeoutMs);
  const stop = signal ? AbortSignal.any([limit, signal]) : limit;
  const child = execa(program, args, {
    env,
    extendEnv: false,
    ...(cwd === undefined ? {} : { cwd }),
    ...(input === undefined ? { stdin: 'ignore' as const } : { input }),
    encoding: 'buffer',
    reject: false,
    stripFinalNewline: false,
    maxBuffer: { stdout: maxOutputBytes, stderr: maxErrorBytes },
    killSignal: 'SIGKILL',
    forceKillAfterDelay: false,
    detached: process.platform !== 'win32',
    cleanup: false,
  });
  const giveUp = (): void => {
    endGroup(child.nodeChildProcess);
    child.stdout.destroy();
    child.stderr.destroy();
  };
  stop.addEventListener('abort', giveUp);
  if (stop.aborted) giveUp();
  const { exitCode, stdout, stderr, isMaxBuffer, signal: by, cause, originalMessage } = await child;
  stop.removeEventListener('abort', giveUp);
  if (exitCode !== undefined && !isMaxBuffer) {
    return { code: exitCode, stdout: Buffer.from(stdout), stderr: Buffer.from(stderr).toString() };
  }
  throwIfAborted(signal);
  const name = `${program} ${args.find((arg) => /^[a-z]/.test(arg)) ?? ''}`.trim();
  if (isMaxBuffer) throw new AgentRuntimeError('EXHAUSTED', `${name} wrote too much`, { cause, retry: 'never' });
  if (limit.aborted) {
    throw new AgentRuntimeError('DEADLINE_EXCEEDED', `${name} did not end within ${timeoutMs} ms`, { cause });
  }
  if (by !== undefined) throw new AgentRuntimeError('OUTCOME_UNKNOWN', `${name} was ended by ${by}`, { cause });
  throw new AgentRuntimeError('UNAVAILABLE', `${name} could not be run: ${originalMessage ?? ''}`, { cause });
}

/** Only while the program is not reaped: after that its number proves nothing. */
export function endGroup({ pid, exitCode, signalCode }: ChildProcess): void {
  if (pid === undefined || exitCode !== null || signalCode !== null) return;
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, 'SIGKILL');
  } catch {
    // It has just ended.
  }
}
