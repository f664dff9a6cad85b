import { runProgram, type ProgramResult } from '@runtime/adapter-kit/process';
import { AgentRuntimeError } from '@runtime/contracts';
import type { GitContext } from './context.ts';
import { gitConfig } from './environment.ts';
import { gitFailure } from './git-failure.ts';
import { whileLocked } from './locks.ts';
import { isAtLeast } from './version.ts';

/** Longer than any list of files that a repository can have. */
const maxOutputBytes = 256 * 1024 * 1024;

/** What git wrote, and its exit code. */
export type GitResult = ProgramResult<Buffer>;

/** Where a command works: what it finds from a directory, a git directory, or a worktree by both. */
export interface Place {
  readonly cwd?: string;
  readonly gitDir?: string;
  readonly workTree?: string;
}

export interface GitCall {
  readonly input?: Uint8Array | string;
  readonly env?: Readonly<Record<string, string>>;
  readonly config?: readonly string[];
  /** Exit codes that are answers. @default [0] */
  readonly answers?: readonly number[];
  /** It changes something: a step that a test can stop at. */
  readonly isStep?: boolean;
  /** What it writes is synced, objects and refs. */
  readonly isDurable?: boolean;
}

/**
 * Runs git. A lock of another git is waited for. Throws by what git says: PERMISSION_DENIED, EXHAUSTED, else UNAVAILABLE
 * with the end of its stderr.
 */
export async function git(
  context: GitContext,
  place: Place,
  args: readonly string[],
  call: GitCall = {},
): Promise<GitResult> {
  const { env = {}, config = [], answers = [0], isStep = false, isDurable = false } = call;
  const input = typeof call.input === 'string' ? Buffer.from(call.input) : call.input;
  const line = [
    ...placeArguments(place),
    ...gitConfig,
    ...[...config, ...(isDurable ? durability(context) : [])].flatMap((setting) => ['-c', setting]),
    ...args,
  ];
  const run = (): Promise<GitResult> =>
    runProgram(context.program, line, {
      env: { ...context.env, ...env },
      name: `git ${args[0]}`,
      encoding: 'buffer',
      maxOutputBytes,
      timeoutMs: context.timeoutMs,
      ...(context.signal ? { signal: context.signal } : {}),
      ...((place.workTree ?? place.cwd ?? place.gitDir) ? { cwd: place.workTree ?? place.cwd ?? place.gitDir } : {}),
      ...(input ? { input } : {}),
    });
  const result = await whileLocked(context, () => (isStep ? context.around(`git ${args[0]}`, run) : run()));
  if (answers.includes(result.code)) return result;
  throw gitFailure(`git ${args[0]}`, result);
}

/** The output of a command as one line of text. */
export async function gitLine(
  context: GitContext,
  place: Place,
  args: readonly string[],
  call: GitCall = {},
): Promise<string> {
  return (await git(context, place, args, call)).stdout.toString().replace(/\n$/, '');
}

/** The one line, or undefined where git answers with 1. */
export async function gitLineIf(
  context: GitContext,
  place: Place,
  args: readonly string[],
): Promise<string | undefined> {
  const { code, stdout } = await git(context, place, args, { answers: [0, 1] });
  return code === 0 ? stdout.toString().replace(/\n$/, '') : undefined;
}

export const placeArguments = ({ gitDir, workTree }: Place): string[] => [
  ...(gitDir === undefined ? [] : [`--git-dir=${gitDir}`]),
  ...(workTree === undefined ? [] : [`--work-tree=${workTree}`]),
];

/** A git before 2.36 cannot sync refs. */
const durability = ({ version }: GitContext): string[] =>
  isAtLeast(version, [2, 36])
    ? ['core.fsync=objects,reference', 'core.fsyncMethod=batch']
    : ['core.fsyncObjectFiles=true'];

/** Throws INVALID_ARGUMENT for text that no argument of a program can be. */
export function expectArgument(name: string, text: string): void {
  if (typeof text === 'string' && text !== '' && !text.includes('\0')) return;
  throw new AgentRuntimeError('INVALID_ARGUMENT', `${name} is empty, no text, or has a NUL character`);
}
