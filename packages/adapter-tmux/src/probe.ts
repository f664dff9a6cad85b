import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { currentDirectory, platformSupport, runProgram } from '@runtime/adapter-kit/process';
import { resolveCommand } from '@runtime/adapter-kit/run';
import { AgentRuntimeError, throwIfAborted, type CallOptions } from '@runtime/contracts';
import type { AgentRuntime, ProbeOptions, Unavailable } from '@runtime/contracts/adapter';
import { capabilitiesOf } from './capabilities.ts';
import type { TmuxSettings } from './options.ts';
import { socketPath } from './server/socket-path.ts';
import { clientEnvironment, programPath, tmuxOnce } from './server/tmux-client.ts';

const callMs = 5000;
/** The first with `new-session -e`, `remain-on-exit failed` and what else the holder's tmux calls were tried with. */
const oldest = { major: 3, minor: 2 } as const;

/**
 * As `RuntimeAdapter.probe`. Finds tmux, bash and the agent's program, and tries a server: a version does not prove
 * that tmux works here.
 */
export async function probeTmux(
  settings: TmuxSettings,
  { environment = process.env, ...options }: ProbeOptions = {},
): Promise<AgentRuntime | Unavailable> {
  throwIfAborted(options.signal);
  const { id, prompt } = settings;
  try {
    if (!platformSupport().holder) throw missing('tmux needs a POSIX system', 'use another runtime on this machine');
    const ours = clientEnvironment();
    const tmux = await resolveCommand(settings.tmux, programPath(environment), currentDirectory());
    const bash = await resolveCommand('bash', ours['PATH'], currentDirectory());
    await resolveAgent(settings, environment['PATH']);
    const version = await readVersion(tmux, ours, options);
    await outputOf(bash, ['--version'], ours, options);
    await tryServer(tmux, options);
    return { status: 'available', id, version: `tmux ${version}`, capabilities: capabilitiesOf(prompt) };
  } catch (error) {
    throwIfAborted(options.signal);
    const { code, rawMessage, hint } = AgentRuntimeError.from(error, 'UNAVAILABLE');
    const help = hint ?? 'install tmux 3.2 or newer, and bash';
    return {
      status: 'unavailable',
      id,
      code: code === 'NOT_FOUND' ? 'UNAVAILABLE' : code,
      reason: rawMessage,
      hint: help,
    };
  }
}

async function resolveAgent({ command }: TmuxSettings, searchPath: string | undefined): Promise<void> {
  const [program = ''] = command;
  // A program in the workspace can only be looked for once there is one.
  if ((program.includes('/') && !path.isAbsolute(program)) || program.includes('{workspace}')) return;
  await resolveCommand(program, searchPath, currentDirectory());
}

async function readVersion(tmux: string, env: Record<string, string>, call: CallOptions): Promise<string> {
  const stdout = await outputOf(tmux, ['-V'], env, call);
  const [, version, major, minor] = /^tmux (?:next-|openbsd-)?((\d+)\.(\d+)\S*)/.exec(stdout) ?? [];
  if (version === undefined) return 'unknown';
  const isOld = Number(major) < oldest.major || (Number(major) === oldest.major && Number(minor) < oldest.minor);
  if (isOld) throw missing(`tmux ${version} is too old`, 'install tmux 3.2 or newer');
  return version;
}

async function outputOf(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  call: CallOptions,
): Promise<string> {
  const { code, stdout, stderr } = await runProgram(program, args, { env, timeoutMs: callMs, ...call });
  if (code === 0) return stdout;
  throw new AgentRuntimeError(
    'UNAVAILABLE',
    `${program} failed: ${stderr.trim().slice(0, 300) || `exit code ${code}`}`,
  );
}

/**
 * Starts a server for a few milliseconds, with terminal, locale, socket and recorder as a run uses them. Throws
 * UNAVAILABLE.
 */
async function tryServer(tmux: string, { signal }: CallOptions): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'runtime-probe-'));
  const socket = await socketPath(folder);
  const place = { record: { tmux, socket }, runDir: folder };
  const target = '=ar-probe:';
  try {
    const commands = [
      ['new-session', '-d', '-s', 'ar-probe', '-x', '80', '-y', '24', 'bash', '-m', '-c', 'read -r line'],
      // Into no file: a recorder that begins late would write into a folder that is being removed.
      ['pipe-pane', '-t', target, 'exec cat >/dev/null'],
      ['display-message', '-p', '-t', target, '#{pane_pipe} #{pid}'],
      ['kill-server'],
    ];
    const answer = await tmuxOnce(place, commands, { timeoutMs: callMs, ...(signal ? { signal } : {}) });
    if (!/^1 \d+$/m.test(answer.stdout))
      throw missing(
        `tmux does not work here: ${answer.stderr.trim().slice(0, 300)}`,
        'run "tmux new-session" and look',
      );
  } finally {
    await rm(folder, { recursive: true, force: true });
    await rm(socket, { force: true });
  }
}

function missing(message: string, hint: string): AgentRuntimeError {
  return new AgentRuntimeError('UNAVAILABLE', message, { hint });
}
