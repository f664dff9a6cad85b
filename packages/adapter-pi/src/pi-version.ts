import { resolveCommand } from '@runtime/adapter-kit/run';
import { AgentRuntimeError, throwIfAborted, type CallOptions } from '@runtime/contracts';
import { runMarker } from '@runtime/contracts/adapter';
import { execa } from 'execa';
import { agentVariables } from './launch/agent-variables.ts';
import type { PiSettings } from './options.ts';

export const installHint = 'install Pi: npm install -g @earendil-works/pi-coding-agent';

/** `--version` loads next to nothing and takes half a second on a busy machine. */
const versionMs = 15_000;

/** Far more than a version and some warnings. */
const maxOutputChars = 1024 * 1024;

/**
 * The version that `pi --version` prints, or 'unknown' if it prints something else. Throws NOT_FOUND or
 * PERMISSION_DENIED for a program that cannot be run, UNAVAILABLE with its error message for one that fails.
 */
export async function piVersion(
  settings: PiSettings,
  env: Readonly<Record<string, string | undefined>>,
  cwd: string,
  options: CallOptions = {},
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
  const output = await outputOf(program, [...before, '--version'], { cwd, env: childEnv, ...options });
  return /^v?(\d+\.\d+\.\d+\S*)$/m.exec(output.trim())?.[1]?.slice(0, 100) ?? 'unknown';
}

interface OutputOptions extends CallOptions {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** The stdout and stderr of a program: Pi 0.7x prints its version on stderr. */
async function outputOf(
  program: string,
  args: readonly string[],
  { signal, ...options }: OutputOptions,
): Promise<string> {
  throwIfAborted(signal);
  const timeout = AbortSignal.timeout(versionMs);
  const cancelSignal = signal ? AbortSignal.any([signal, timeout]) : timeout;
  const child = execa(program, args, {
    ...options,
    extendEnv: false,
    stdin: 'ignore',
    reject: false,
    maxBuffer: maxOutputChars,
    cancelSignal,
    killSignal: 'SIGKILL',
  });
  // execa would wait for a grandchild that holds the pipes open.
  cancelSignal.addEventListener('abort', () => {
    child.stdout.destroy();
    child.stderr.destroy();
  });
  const result = await child;
  throwIfAborted(signal);
  if (result.exitCode === 0 && !result.isMaxBuffer) return `${result.stdout}\n${result.stderr}`;
  const late = timeout.aborted ? `it did not end within ${versionMs} ms` : undefined;
  throw failure(result.stderr, late ?? result.originalMessage ?? result.shortMessage ?? 'it failed', result.cause);
}

function failure(stderr: string, otherwise: string, cause: unknown): AgentRuntimeError {
  const words = /^\w*Error: .*$/m.exec(stderr)?.[0] ?? stderr.trim().split('\n').at(-1) ?? '';
  const isOldNode = stderr.includes('node:internal/modules') || stderr.includes('SyntaxError');
  return new AgentRuntimeError('UNAVAILABLE', `pi --version failed: ${(words || otherwise).slice(0, 500)}`, {
    hint: isOldNode ? 'Pi needs Node 22.19 or later on its PATH' : 'run `pi --version` in a terminal to see why',
    cause,
  });
}
