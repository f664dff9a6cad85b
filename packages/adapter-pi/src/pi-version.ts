import { runProgram, type ProgramOptions } from '@runtime/adapter-kit/process';
import { resolveCommand } from '@runtime/adapter-kit/run';
import { AgentRuntimeError, throwIfAborted, type CallOptions } from '@runtime/contracts';
import { runMarker } from '@runtime/contracts/adapter';
import { agentVariables } from './launch/agent-variables.ts';
import type { PiSettings } from './options.ts';

export const installHint = 'install Pi: npm install -g @earendil-works/pi-coding-agent';

/** `--version` loads next to nothing and takes half a second on a busy machine. */
const versionMs = 15_000;

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
    if (error.code !== 'NOT_FOUND' || isThere(error)) throw error;
    throw new AgentRuntimeError('NOT_FOUND', error.rawMessage, {
      hint: `${installHint}, or name it in \`command\``,
      cause,
    });
  });
  const { [runMarker]: _notOfARun, ...rest } = env;
  const childEnv = { ...rest, ...agentVariables({ ...settings, offline: true }) };
  const output = await outputOf(program, [...before, '--version'], {
    cwd,
    env: childEnv,
    timeoutMs: versionMs,
    ...options,
  });
  return /^v?(\d+\.\d+\.\d+\S*)$/m.exec(output.trim())?.[1]?.slice(0, 100) ?? 'unknown';
}

/** The program is there, and its interpreter is not: the error says what to do. */
export const isThere = ({ details }: AgentRuntimeError): boolean => details?.['program'] !== undefined;

/** The stdout and stderr of a program that succeeds: Pi 0.7x prints its version on stderr. */
async function outputOf(program: string, args: readonly string[], options: ProgramOptions): Promise<string> {
  const { code, stdout, stderr } = await runProgram(program, args, options).catch((thrown: unknown) => {
    throwIfAborted(options.signal);
    const error = AgentRuntimeError.from(thrown);
    // A program that did not answer in time may be there all the same: the plane asks again.
    const isUnsure = error.code === 'DEADLINE_EXCEEDED' || error.code === 'OUTCOME_UNKNOWN';
    throw isUnsure ? error : failure('', error.rawMessage, thrown);
  });
  if (code === 0) return `${stdout}\n${stderr}`;
  throw failure(stderr, `it ended with code ${code}`);
}

function failure(stderr: string, otherwise: string, cause?: unknown): AgentRuntimeError {
  const words = /^\w*Error: .*$/m.exec(stderr)?.[0] ?? stderr.trim().split('\n').at(-1) ?? '';
  const isOldNode = stderr.includes('node:internal/modules') || stderr.includes('SyntaxError');
  return new AgentRuntimeError('UNAVAILABLE', `pi --version failed: ${(words || otherwise).slice(0, 500)}`, {
    hint: isOldNode ? 'Pi needs Node 22.19 or later on its PATH' : 'run `pi --version` in a terminal to see why',
    ...(cause === undefined ? {} : { cause }),
  });
}
