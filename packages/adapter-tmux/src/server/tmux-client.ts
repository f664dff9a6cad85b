import { execFile } from 'node:child_process';
import { access } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { isAlive, signalProcess } from '@runtime/adapter-kit/process';
import { AgentRuntimeError, throwIfAborted, type CallOptions } from '@runtime/contracts';
import { readTmuxHolder, type Plan } from '../run-files.ts';

/** A stopped server answers nobody: no call waits for it longer than this. */
const callTimeoutMs = 4000;
const repairMs = 1000;
const maxOutputBytes = 4 * 1024 * 1024;

/** A run's server, and the directory in which its clients run. */
export interface TmuxPlace {
  readonly plan: Pick<Plan, 'tmux' | 'socket'>;
  readonly runDir: string;
}

export interface TmuxCall extends CallOptions {
  readonly input?: string | Buffer;
  readonly env?: Readonly<Record<string, string>>;
  /** Put before tmux itself. */
  readonly wrap?: readonly string[];
  /** @default 4000 */
  readonly timeoutMs?: number;
}

/** The agent's pane: the first of a server that is the run's alone, whatever windows a person opens besides and looks at. */
export const agentPane = '%0';

/** A tmux command with its arguments. Several go to the server in one call and are done one right after the other. */
export type TmuxCommand = readonly string[];

/** How a tmux client ended. */
export interface TmuxAnswer {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * One client call, exactly once. Resolves with whatever tmux answered.
 * Throws DEADLINE_EXCEEDED when the server does not answer, OUTCOME_UNKNOWN when the client was killed, UNAVAILABLE when there is no tmux, CANCELLED.
 */
export function tmuxOnce(
  { plan, runDir }: TmuxPlace,
  commands: readonly TmuxCommand[],
  call: TmuxCall = {},
): Promise<TmuxAnswer> {
  throwIfAborted(call.signal);
  const [file = plan.tmux, ...before] = call.wrap ?? [];
  const command = [
    ...(call.wrap?.length ? [...before, plan.tmux] : []),
    '-u',
    '-S',
    plan.socket,
    '-f',
    '/dev/null',
    ...commands.flatMap((words, index) => (index === 0 ? words : [';', ...words])),
  ];
  return new Promise((resolve, reject) => {
    const options = {
      cwd: runDir,
      env: { ...(call.env ?? clientEnvironment()) },
      timeout: call.timeoutMs ?? callTimeoutMs,
      killSignal: 'SIGKILL' as const,
      maxBuffer: maxOutputBytes,
    };
    const child = execFile(file, command, options, (error, stdout, stderr) => {
      if (!error) resolve({ code: 0, stdout, stderr });
      else if (call.signal?.aborted) reject(AgentRuntimeError.from(call.signal.reason, 'CANCELLED'));
      else if (typeof error.code === 'number') resolve({ code: error.code, stdout, stderr });
      else if (error.killed === true) reject(noAnswer(error));
      else if (error.signal) reject(clientKilled(error));
      else reject(new AgentRuntimeError('UNAVAILABLE', 'tmux could not be run', { retry: 'elsewhere', cause: error }));
    });
    // A client that ends before it read everything is told by its exit code.
    child.stdin?.on('error', () => {});
    child.stdin?.end(call.input);
    call.signal?.addEventListener('abort', () => child.kill('SIGKILL'), { once: true });
  });
}

function noAnswer(cause: Error): AgentRuntimeError {
  return new AgentRuntimeError('DEADLINE_EXCEEDED', 'the tmux server does not answer', {
    hint: 'its process may be stopped (SIGSTOP) or the machine overloaded; stopping the run ends it all the same',
    cause,
  });
}

/** By somebody else. Its commands may have reached the server. */
function clientKilled(cause: Error): AgentRuntimeError {
  return new AgentRuntimeError('OUTCOME_UNKNOWN', 'the tmux client was killed', { cause });
}

/**
 * As `tmuxOnce`, for commands that may be repeated when they did not reach the server: a socket that was removed is made again first (tmux does so on USR1).
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

function isUnreachable({ code, stderr }: TmuxAnswer): boolean {
  return code !== 0 && /^(no server running|error connecting)/.test(stderr);
}

/** Makes the socket of a live server again. False when there is no such server. */
export async function repairSocket({ plan, runDir }: TmuxPlace): Promise<boolean> {
  const holder = await readTmuxHolder(runDir);
  if (!holder || !(await isAlive(holder.server))) return false;
  const deadline = performance.now() + repairMs;
  if (!(await signalProcess(holder.server, 'SIGUSR1'))) return false;
  while (performance.now() < deadline) {
    if (
      await access(plan.socket).then(
        () => true,
        () => false,
      )
    )
      return true;
    await delay(10);
  }
  return false;
}

/** What a client needs of our environment: no secrets, no TMUX of a server around us. */
export function clientEnvironment(): Record<string, string> {
  const result: Record<string, string> = { SHELL: '/bin/sh', TERM: 'xterm-256color' };
  for (const name of ['PATH', 'HOME', 'USER', 'LANG', 'LC_ALL', 'LC_CTYPE', 'TMPDIR', 'XDG_RUNTIME_DIR', 'TZ']) {
    const value = process.env[name];
    if (value !== undefined) result[name] = value;
  }
  result['PATH'] = result['PATH'] === undefined ? '/usr/bin:/bin' : `${result['PATH']}:/usr/bin:/bin`;
  return result;
}
