import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { currentDirectory, isAlive, runProgram, signalProcess, type ProgramResult } from '@runtime/adapter-kit/process';
import { makeDirectory, withAbsolutePath } from '@runtime/adapter-kit/run';
import { AgentRuntimeError, throwIfAborted, type CallOptions } from '@runtime/contracts';
import { isThere, readTmuxHolder, type LaunchRecord } from '../run-files.ts';

/** A stopped server does not answer: no call waits longer than this. */
const callTimeoutMs = 4000;
const repairMs = 1000;
const maxOutputBytes = 4 * 1024 * 1024;

/** A run's server, and the directory in which its clients run. */
export interface TmuxPlace {
  readonly record: Pick<LaunchRecord, 'tmux' | 'socket'>;
  readonly runDir: string;
}

export interface TmuxCall extends CallOptions {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Put before tmux itself. */
  readonly wrap?: readonly string[];
  /** @default 4000 */
  readonly timeoutMs?: number;
}

/** The agent's pane: the first of the run's own server, whatever windows a person opens besides. */
export const agentPane = '%0';

/** A tmux command with its arguments. Several go to the server in one call and are done one right after the other. */
export type TmuxCommand = readonly string[];

/**
 * One client call, exactly once. Resolves with whatever tmux answered.
 * Throws DEADLINE_EXCEEDED when the server does not answer, OUTCOME_UNKNOWN when the client was killed (its commands
 * may have reached the server), UNAVAILABLE when there is no tmux, CANCELLED.
 */
export async function tmuxOnce(
  { record, runDir }: TmuxPlace,
  commands: readonly TmuxCommand[],
  call: TmuxCall = {},
): Promise<ProgramResult> {
  const { signal, input, env = clientEnvironment(), timeoutMs = callTimeoutMs } = call;
  const options = ['-u', '-S', record.socket, '-f', '/dev/null'];
  const words = commands.flatMap((command, index) => (index === 0 ? command : [';', ...command]));
  const [program = '', ...args] = [...(call.wrap ?? []), record.tmux, ...options, ...words];
  try {
    return await runProgram(program, args, {
      cwd: runDir,
      env,
      timeoutMs,
      maxOutputBytes,
      ...(input === undefined ? {} : { input }),
      ...(signal ? { signal } : {}),
    });
  } catch (error) {
    throwIfAborted(signal);
    throw noResult(AgentRuntimeError.from(error, 'UNAVAILABLE'));
  }
}

function noResult(cause: AgentRuntimeError): AgentRuntimeError {
  if (cause.code === 'UNAVAILABLE') {
    return new AgentRuntimeError('UNAVAILABLE', 'tmux could not be run', { retry: 'elsewhere', cause });
  }
  if (cause.code !== 'DEADLINE_EXCEEDED') return cause;
  return new AgentRuntimeError('DEADLINE_EXCEEDED', 'the tmux server does not answer', {
    hint: 'its process may be stopped (SIGSTOP) or the machine overloaded; stopping the run ends it all the same',
    cause,
  });
}

/**
 * As `tmuxOnce`, for commands that may be repeated when they did not reach the server: a socket that was removed is
 * made again first (tmux does so on USR1).
 * Throws UNAVAILABLE for any answer but success.
 */
export async function callTmux(
  place: TmuxPlace,
  commands: readonly TmuxCommand[],
  call: TmuxCall = {},
): Promise<string> {
  let answer = await tmuxOnce(place, commands, call);
  if (isUnreachable(answer) && (await repairSocket(place))) answer = await tmuxOnce(place, commands, call);
  if (answer.code === 0) return answer.stdout;
  throw new AgentRuntimeError('UNAVAILABLE', `tmux refused: ${answer.stderr.trim().slice(0, 500)}`);
}

function isUnreachable({ code, stderr }: ProgramResult): boolean {
  return code !== 0 && /^(no server running|error connecting)/.test(stderr);
}

/** Makes the socket of a live server again where somebody has removed it: a person joins the run through it. */
export async function keepSocket(place: TmuxPlace): Promise<void> {
  if (!(await isThere(place.record.socket))) await repairSocket(place);
}

/** Makes the socket of a live server again, and its directory. False when there is no such server. */
async function repairSocket({ record, runDir }: TmuxPlace): Promise<boolean> {
  const holder = await readTmuxHolder(runDir);
  if (!holder || !(await isAlive(holder.server))) return false;
  // tmux makes the socket, and no directory. Where this fails, so does tmux.
  await makeDirectory(path.dirname(record.socket)).catch(() => undefined);
  const deadline = performance.now() + repairMs;
  if (!(await signalProcess(holder.server, 'SIGUSR1'))) return false;
  while (performance.now() < deadline) {
    if (await isThere(record.socket)) return true;
    await delay(10);
  }
  return false;
}

/** Where tmux is looked for: on the run's own PATH, then on ours. */
export function programPath(environment: Readonly<Record<string, string | undefined>>): string {
  const ours = clientEnvironment()['PATH'] ?? '/usr/bin:/bin';
  return environment['PATH'] === undefined ? ours : `${environment['PATH']}:${ours}`;
}

/** What a client needs of our environment: no secrets, no TMUX of a server around us. */
export function clientEnvironment(): Record<string, string> {
  const result: Record<string, string> = { SHELL: '/bin/sh', TERM: 'xterm-256color' };
  for (const name of ['PATH', 'HOME', 'USER', 'LANG', 'LC_ALL', 'LC_CTYPE', 'TMPDIR', 'XDG_RUNTIME_DIR', 'TZ']) {
    const value = process.env[name];
    if (value !== undefined) result[name] = value;
  }
  result['PATH'] = result['PATH'] === undefined ? '/usr/bin:/bin' : `${result['PATH']}:/usr/bin:/bin`;
  return withAbsolutePath(result, currentDirectory());
}
