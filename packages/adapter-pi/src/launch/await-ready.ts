import { readExitRecord, readTail, runPaths } from '@runtime/adapter-kit/run';
import { redactBytes } from '@runtime/adapter-kit/source';
import { AgentRuntimeError, throwIfAborted, type CallOptions, type ErrorCode } from '@runtime/contracts';
import type { Exit, Launch } from '@runtime/contracts/adapter';
import { installHint } from '../pi-version.ts';
import type { PiOutput } from '../read/pi-output.ts';
import { readPiFiles } from './agent-files.ts';
import type { PiInput } from '../say/pi-input.ts';
import { maxLimits, untilQuiet } from './signs-of-life.ts';

const stderrBytes = 8192;
/** The signs of life end the wait before this; a timer cannot be longer. */
const maxTimerMs = 2_147_483_647;

interface KnownFailure {
  readonly pattern: RegExp;
  readonly code: ErrorCode;
  /** What a person can do about it. */
  readonly hint: string;
  /** A file of the agent directory that Pi could not read may be the reason: Pi itself does not say so. */
  readonly ofFiles?: true;
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
    ofFiles: true,
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
    ofFiles: true,
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
  const timeoutMs = Math.min(maxTimerMs, (maxLimits + 1) * startupMs);
  const over = new AbortController();
  const quiet = new AbortController();
  const call = { ...options, signal: AbortSignal.any([quiet.signal, ...(options.signal ? [options.signal] : [])]) };
  // On a slow machine a healthy Pi starts slowly: it is waited for as long as it shows signs of life.
  void untilQuiet(launch.handle, startupMs, over.signal).then(() => quiet.abort());
  try {
    const state = await input.ask('get_state', { ...call, timeoutMs });
    if (!state.success) {
      throw new AgentRuntimeError('PROTOCOL_VIOLATION', `Pi refused get_state: ${(state.error ?? '').slice(0, 500)}`);
    }
    await input.ask('clear_queue', { ...call, timeoutMs });
  } finally {
    over.abort();
  }
}

/** Why Pi could not be talked to at its start. Throws CANCELLED when `signal` aborted. */
export async function whyNotReady(
  thrown: unknown,
  output: PiOutput,
  launch: Launch,
  startupMs: number,
  { signal }: CallOptions,
): Promise<AgentRuntimeError> {
  throwIfAborted(signal);
  const error = AgentRuntimeError.from(thrown, 'UNAVAILABLE');
  return error.code === 'PROTOCOL_VIOLATION' ? error : startupError(output, launch, startupMs, error);
}

/** Pi starts without any model as well, and refuses each prompt for want of a key. Throws if one of its files is why. */
export async function refuseWithoutModel(output: PiOutput, launch: Launch): Promise<void> {
  const { id, provider } = output.pi?.model ?? {};
  if (id === undefined || (id === 'unknown' && provider === 'unknown')) await refuseSpoiledFiles(launch);
}

/** Throws if a file is the reason for which Pi has no model. */
async function refuseSpoiledFiles({ env }: Launch, cause?: AgentRuntimeError, stderr = ''): Promise<void> {
  const { faults } = await readPiFiles(env);
  const [first] = faults;
  if (!first) return;
  const message = faults.map(({ file, why }) => `${file} ${why}`).join('; ');
  const code = faults.some(({ name }) => name === 'auth.json') ? 'UNAUTHENTICATED' : 'INVALID_ARGUMENT';
  throw new AgentRuntimeError(code, withStderr(`Pi has no model, because ${message}`, stderr), {
    hint: `correct ${first.file}, or move it away and log in again`,
    ...(cause ? { cause } : {}),
  });
}

/** Why Pi did not answer, with the end of its stderr. */
async function startupError(
  output: PiOutput,
  launch: Launch,
  startupMs: number,
  cause: AgentRuntimeError,
): Promise<AgentRuntimeError> {
  const { handle, secrets } = launch;
  // The writer notices the end of the process before the reader does.
  await output.until(() => output.ended, { timeoutMs: 1000 });
  const tail = await readTail(runPaths(handle.runDir).stderr, stderrBytes).catch(() => Buffer.alloc(0));
  const stderr = redactBytes(tail, secrets).toString('utf8').trim();
  if (output.ended) return exitError(launch, stderr, cause);
  const hint = `see in a terminal what \`pi --mode rpc\` waits for; if it is only slow, raise \`startupMs\` (${startupMs})`;
  const message = withStderr(`Pi did not answer within ${startupMs} ms, and showed no sign of life meanwhile`, stderr);
  return new AgentRuntimeError('UNAVAILABLE', message, { hint, cause });
}

async function exitError(launch: Launch, stderr: string, cause: AgentRuntimeError): Promise<AgentRuntimeError> {
  const record = await readExitRecord(launch.handle.runDir);
  const known = knownFailures.find(({ pattern }) => pattern.test(stderr));
  if (!known || known.ofFiles === true) await refuseSpoiledFiles(launch, cause, stderr);
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
