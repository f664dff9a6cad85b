import { runProgram, type ProgramOptions } from '@runtime/adapter-kit/process';
import { resolveCommand } from '@runtime/adapter-kit/run';
import { AgentRuntimeError, throwIfAborted, type CallOptions, type ErrorCode } from '@runtime/contracts';
import { runMarker } from '@runtime/contracts/adapter';
import { agentVariables } from './launch/agent-variables.ts';
import type { PiSettings } from './options.ts';

export const installHint = 'install Pi: npm install -g @earendil-works/pi-coding-agent';

/**
 * `--version` loads next to nothing and takes half a second on a busy machine. The plane gives up earlier, and asks
 * again.
 */
const versionMs = 60_000;
/** The program did not answer, which says nothing about it. */
const unsure: ReadonlySet<ErrorCode> = new Set(['DEADLINE_EXCEEDED', 'OUTCOME_UNKNOWN']);

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
    if (!unsure.has(error.code)) throw failure('', error.rawMessage, thrown);
    throw new AgentRuntimeError(error.code, `pi --version gave no answer: ${error.rawMessage}`, {
      hint: 'the machine may be too busy; try again, or run `pi --version` in a terminal',
      cause: thrown,
    });
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
