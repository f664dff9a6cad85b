import { readExitRecord, readTail, runPaths } from '@runtime/adapter-kit/run';
import { redactBytes } from '@runtime/adapter-kit/source';
import { AgentRuntimeError, type CallOptions, type ErrorCode } from '@runtime/contracts';
import type { Launch } from '@runtime/contracts/adapter';
import { installHint } from '../pi-version.ts';
import type { PiInput } from '../say/pi-input.ts';
import type { PiOutput } from '../read/pi-output.ts';

const stderrBytes = 8192;

/** What Pi says when it does not start, and what a person can do about it. The first that fits. */
const known: readonly (readonly [RegExp, ErrorCode, string])[] = [
  [
    /No session found|not a valid pi session|session working directory does not exist/i,
    'NOT_FOUND',
    'start from scratch',
  ],
  [
    /Unknown provider|Model .* not found|Unknown model|No models match/i,
    'INVALID_ARGUMENT',
    'name a model that `pi --list-models` lists',
  ],
  [
    /Unknown option|@file arguments/i,
    'INVALID_ARGUMENT',
    'look at the options of `pi()`: this version of Pi does not know all of them',
  ],
  [/Failed to load extension/i, 'INVALID_ARGUMENT', 'repair the extension, or run with `extensions: false`'],
  [
    /No API key|not logged in|\/login|unauthori[sz]ed/i,
    'UNAUTHENTICATED',
    'log in with `pi`, then `/login`, or pass the key of the provider',
  ],
  [/SyntaxError|node:internal/i, 'UNAVAILABLE', 'Pi needs Node 22.19 or later on the PATH of the run'],
];

/**
 * Waits until Pi answers, and learns what it can do: `get_state` is its sign of life, `clear_queue` its age.
 * The queue of a process that was given nothing is empty, so that asking changes nothing.
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

async function startupError(
  output: PiOutput,
  launch: Launch,
  startupMs: number,
  cause: AgentRuntimeError,
): Promise<AgentRuntimeError> {
  const { runDir } = launch.handle;
  // The writer learns of the end before the reader does.
  await output.until(() => output.ended, { timeoutMs: 1000 });
  const tail = await readTail(runPaths(runDir).stderr, stderrBytes).catch(() => Buffer.alloc(0));
  const stderr = redactBytes(tail, launch.secrets).toString('utf8').trim();
  const words = stderr.slice(-2000);
  if (!output.ended) {
    return new AgentRuntimeError('UNAVAILABLE', `Pi did not answer within ${startupMs} ms${words && `: ${words}`}`, {
      hint: 'start `pi --mode rpc` in a terminal to see what it waits for',
      cause,
    });
  }
  const record = await readExitRecord(runDir);
  const exit = record?.exit;
  const how =
    exit?.kind === 'exited' ? `with code ${exit.code}` : exit?.kind === 'signaled' ? `by ${exit.signal}` : 'unseen';
  const [, code, hint] = known.find(([pattern]) => pattern.test(stderr)) ?? [];
  return new AgentRuntimeError(code ?? 'UNAVAILABLE', `Pi ended ${how} before it was ready${words && `: ${words}`}`, {
    hint: hint ?? (record?.began === false ? installHint : 'run the same command in a terminal to see why'),
    cause,
    ...(code === 'NOT_FOUND' ? { retry: 'never' as const, details: { reason: 'no-session' } } : {}),
  });
}
