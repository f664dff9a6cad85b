import { readExitRecord, readTail, runPaths } from '@runtime/adapter-kit/run';
import { redactBytes } from '@runtime/adapter-kit/source';
import { AgentRuntimeError, type CallOptions, type ErrorCode } from '@runtime/contracts';
import type { Exit, Launch, RuntimeHandle } from '@runtime/contracts/adapter';
import { installHint } from '../pi-version.ts';
import type { PiOutput } from '../read/pi-output.ts';
import type { PiInput } from '../say/pi-input.ts';

const stderrBytes = 8192;

interface KnownFailure {
  readonly pattern: RegExp;
  readonly code: ErrorCode;
  /** What a person can do about it. */
  readonly hint: string;
}

/** What Pi prints on stderr if it does not start. The first match counts. */
const knownFailures: readonly KnownFailure[] = [
  {
    pattern: /No session found|not a valid pi session|session working directory does not exist/i,
    code: 'NOT_FOUND',
    hint: 'start from scratch',
  },
  {
    pattern: /Unknown provider|Model .* not found|Unknown model|No models match/i,
    code: 'INVALID_ARGUMENT',
    hint: 'name a model that `pi --list-models` lists',
  },
  {
    pattern: /Unknown option|@file arguments/i,
    code: 'INVALID_ARGUMENT',
    hint: 'check the options of `pi()`: this version of Pi does not know one of its arguments',
  },
  {
    pattern: /Failed to load extension/i,
    code: 'INVALID_ARGUMENT',
    hint: 'fix the extension, or set `extensions: false`',
  },
  {
    pattern: /No API key|not logged in|\/login|unauthori[sz]ed/i,
    code: 'UNAUTHENTICATED',
    hint: 'log in with `pi`, then `/login`, or pass the key of the provider',
  },
  {
    pattern: /SyntaxError|node:internal/i,
    code: 'UNAVAILABLE',
    hint: 'Pi needs Node 22.19 or later on the PATH of the run',
  },
];

/**
 * Waits until Pi answers `get_state`, then asks `clear_queue`, which versions before 0.84.4 do not know: that shows
 * whether Pi reports when it settles. Nothing is queued yet, so clearing changes nothing.
 */
export async function awaitReady(
  output: PiOutput,
  input: PiInput,
  launch: Launch,
  startupMs: number,
  options: CallOptions,
): Promise<void> {
  try {
    const state = await input.ask('get_state', { ...options, timeoutMs: startupMs });
    if (!state.success) {
      throw new AgentRuntimeError('PROTOCOL_VIOLATION', `Pi refused get_state: ${(state.error ?? '').slice(0, 500)}`);
    }
    await input.ask('clear_queue', { ...options, timeoutMs: startupMs });
  } catch (cause) {
    const error = AgentRuntimeError.from(cause, 'UNAVAILABLE');
    if (error.code === 'CANCELLED' || error.code === 'PROTOCOL_VIOLATION') throw error;
    throw await startupError(output, launch, startupMs, error);
  }
}

/** Why Pi did not answer, with the end of its stderr. */
async function startupError(
  output: PiOutput,
  { handle, secrets }: Launch,
  startupMs: number,
  cause: AgentRuntimeError,
): Promise<AgentRuntimeError> {
  // The writer notices the end of the process before the reader does.
  await output.until(() => output.ended, { timeoutMs: 1000 });
  const tail = await readTail(runPaths(handle.runDir).stderr, stderrBytes).catch(() => Buffer.alloc(0));
  const stderr = redactBytes(tail, secrets).toString('utf8').trim();
  if (output.ended) return exitError(handle, stderr, cause);
  const hint = 'raise `startupMs` of the runtime, or run `pi --mode rpc` in a terminal to see what it waits for';
  const message = withStderr(`Pi did not answer within ${startupMs} ms`, stderr);
  return new AgentRuntimeError('UNAVAILABLE', message, { hint, cause });
}

async function exitError(
  { runDir }: RuntimeHandle,
  stderr: string,
  cause: AgentRuntimeError,
): Promise<AgentRuntimeError> {
  const record = await readExitRecord(runDir);
  const known = knownFailures.find(({ pattern }) => pattern.test(stderr));
  const message = withStderr(`Pi ${exitText(record?.exit)} before it was ready`, stderr);
  return new AgentRuntimeError(known?.code ?? 'UNAVAILABLE', message, {
    hint: known?.hint ?? (record?.began === false ? installHint : 'run the same command in a terminal to see why'),
    cause,
    ...(known?.code === 'NOT_FOUND' ? { retry: 'never' as const, details: { reason: 'no-session' } } : {}),
  });
}

const withStderr = (message: string, stderr: string): string =>
  stderr === '' ? message : `${message}: ${stderr.slice(-2000)}`;

function exitText(exit: Exit | undefined): string {
  if (exit?.kind === 'exited') return `exited with code ${exit.code}`;
  if (exit?.kind === 'signaled') return `was killed by ${exit.signal}`;
  return 'ended, for an unknown reason,';
}
