import { execFile } from 'node:child_process';
import { platformSupport } from '@runtime/adapter-kit/process';
import { resolveCommand } from '@runtime/adapter-kit/run';
import { AgentRuntimeError, throwIfAborted } from '@runtime/contracts';
import { runMarker } from '@runtime/contracts/adapter';
import type { CallOptions } from '@runtime/contracts';
import type { AgentRuntime, Unavailable } from '@runtime/contracts/adapter';
import { capabilitiesOf } from './capabilities.ts';
import { agentVariables } from './launch/agent-variables.ts';
import type { PiSettings } from './options.ts';

export const installHint = 'install Pi: npm install -g @earendil-works/pi-coding-agent';

/** `--version` loads next to nothing and takes half a second on a busy machine. */
const versionMs = 15_000;

/** Before 0.67.3 a prompt could be answered twice: nothing could be said about an instruction. */
const oldest = [0, 67, 3];

function isTooOld(version: string): boolean {
  const [, ...found] = /^(\d+)\.(\d+)\.(\d+)/.exec(version) ?? [];
  if (found.length === 0) return false;
  const at = oldest.findIndex((part, index) => Number(found[index]) !== part);
  return at !== -1 && Number(found[at]) < (oldest[at] ?? 0);
}

/** As `RuntimeAdapter.probe`: runs `pi --version`, which opens no session and reaches no network. */
export async function probePi(settings: PiSettings, options: CallOptions = {}): Promise<AgentRuntime | Unavailable> {
  throwIfAborted(options.signal);
  const { id } = settings;
  const unavailable = (code: Unavailable['code'], reason: string, hint: string): Unavailable => ({
    status: 'unavailable',
    id,
    code,
    reason,
    hint,
  });
  if (!platformSupport().holder) {
    return unavailable(
      'UNSUPPORTED',
      'runs that outlive this process need a POSIX system',
      'run it in WSL, or use another runtime',
    );
  }
  try {
    const version = await piVersion(settings, process.env, process.cwd(), options);
    if (!isTooOld(version)) return { status: 'available', id, version, capabilities: capabilitiesOf(settings) };
    return unavailable(
      'UNSUPPORTED',
      `Pi ${version} is older than ${oldest.join('.')}`,
      `update Pi: ${installHint.slice(12)}`,
    );
  } catch (cause) {
    throwIfAborted(options.signal);
    const error = AgentRuntimeError.from(cause, 'UNAVAILABLE');
    return unavailable(error.code, error.rawMessage, error.hint ?? installHint);
  }
}

/**
 * The version that `pi --version` prints; 'unknown' when it prints something else.
 * Throws NOT_FOUND or PERMISSION_DENIED for a missing program, UNAVAILABLE with its own words for one that fails.
 */
export async function piVersion(
  settings: PiSettings,
  env: Readonly<Record<string, string | undefined>>,
  cwd: string,
  { signal }: CallOptions = {},
): Promise<string> {
  const [name = '', ...before] = settings.command;
  const program = await resolveCommand(name, env['PATH'], cwd).catch((cause: unknown) => {
    const error = AgentRuntimeError.from(cause, 'UNAVAILABLE');
    if (error.code !== 'NOT_FOUND') throw error;
    throw new AgentRuntimeError('NOT_FOUND', error.rawMessage, {
      hint: `${installHint}, or name it in \`command\``,
      cause,
    });
  });
  const { [runMarker]: _notOfARun, ...rest } = env;
  const childEnv = { ...rest, ...agentVariables({ ...settings, offline: true }) };
  const output = await new Promise<string>((resolve, reject) => {
    const options = {
      cwd,
      env: childEnv,
      timeout: versionMs,
      killSignal: 'SIGKILL' as const,
      ...(signal ? { signal } : {}),
    };
    const child = execFile(program, [...before, '--version'], options, (error, stdout, stderr) => {
      // Pi 0.7x prints it on stderr.
      if (!error) return resolve(`${stdout}\n${stderr}`);
      reject(failed(stderr, error));
    });
    child.stdin?.end();
  });
  return /^v?(\d+\.\d+\.\d+\S*)$/m.exec(output.trim())?.[1]?.slice(0, 100) ?? 'unknown';
}

function failed(stderr: string, cause: Error): AgentRuntimeError {
  if (cause.name === 'AbortError') return AgentRuntimeError.from(cause, 'CANCELLED');
  const words = /^\w*Error: .*$/m.exec(stderr)?.[0] ?? stderr.trim().split('\n').at(-1) ?? '';
  const isOldNode = stderr.includes('node:internal/modules') || stderr.includes('SyntaxError');
  return new AgentRuntimeError('UNAVAILABLE', `pi --version failed: ${(words || cause.message).slice(0, 500)}`, {
    hint: isOldNode ? 'Pi needs Node 22.19 or later on its PATH' : 'run `pi --version` in a terminal to see why',
    cause,
  });
}
