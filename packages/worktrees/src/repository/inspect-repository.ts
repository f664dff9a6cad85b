import { resolve } from 'node:path';
import { AgentRuntimeError } from '@runtime/contracts';
import { contextOf, type GitContext } from '../git/context.ts';
import { expectArgument, git, gitLineIf, type GitCall } from '../git/run-git.ts';
import { gitFailure } from '../git/git-failure.ts';
import type { WorktreeOptions } from '../options.ts';

/** A repository with at least one commit. */
export interface Repository {
  /** The directory that all its worktrees share, absolute: what other calls take as `repository`. */
  readonly commonDir: string;
  readonly bare: boolean;
  /** The root of the checkout in which the path lies; absent in a bare repository. */
  readonly root?: string;
  /** The commit that is checked out; absent on a branch without one. */
  readonly head?: string;
  /** The branch that is checked out; absent when HEAD is detached. */
  readonly branch?: string;
}

/**
 * Looks at the repository in which a path lies, and changes nothing.
 * Throws NOT_FOUND when there is no directory, INVALID_ARGUMENT when it lies in no repository or in one without a commit,
 * PERMISSION_DENIED when it belongs to another user and git refuses it, with git's own hint; UNAVAILABLE without a git,
 * UNSUPPORTED with one before 2.33.
 */
export async function inspectRepository(path: string, options: WorktreeOptions = {}): Promise<Repository> {
  const context = await contextOf(options);
  const { commonDir, bare } = await discover(context, path);
  const place = { cwd: resolve(path) };
  const head = await gitLineIf(context, place, ['rev-parse', '-q', '--verify', 'HEAD^{commit}']);
  if (head === undefined && (await git(context, place, ['rev-list', '-n1', '--all'])).stdout.length === 0) {
    throw new AgentRuntimeError('INVALID_ARGUMENT', `the repository ${commonDir} has no commit yet`, {
      hint: 'make a first commit: a worktree begins from one',
      details: { reason: 'noCommit' },
    });
  }
  const isInside = bare ? 'false' : await gitLineIf(context, place, ['rev-parse', '--is-inside-work-tree']);
  const root = isInside === 'true' ? await gitLineIf(context, place, ['rev-parse', '--show-toplevel']) : undefined;
  const ref = await gitLineIf(context, place, ['symbolic-ref', '-q', 'HEAD']);
  return {
    commonDir,
    bare,
    ...(root === undefined ? {} : { root }),
    ...(head === undefined ? {} : { head }),
    ...(ref === undefined ? {} : { branch: ref.replace('refs/heads/', '') }),
  };
}

/** The directory that all worktrees of the repository share, found from any path in it. */
export async function discover(
  context: GitContext,
  path: string,
): Promise<{ readonly commonDir: string; readonly bare: boolean }> {
  expectArgument('the path of the repository', path);
  const cwd = resolve(path);
  // The caller names the repository, which is what `explicit` asks for.
  const call: GitCall = { config: ['safe.bareRepository=all'], answers: [0, 128] };
  const args = ['rev-parse', '--path-format=absolute', '--git-common-dir', '--is-bare-repository'];
  const { code, stdout, stderr } = await git(context, { cwd }, args, call).catch((cause: unknown) => {
    throw unreachable(cwd, cause);
  });
  if (code !== 0) {
    if (!/not a git repository/i.test(stderr)) throw gitFailure('git rev-parse', { code, stderr });
    const hint = 'name a directory inside a repository, or make one of it: git init';
    throw new AgentRuntimeError('INVALID_ARGUMENT', `${cwd} lies in no git repository`, {
      hint,
      details: { reason: 'noRepository' },
    });
  }
  const [, commonDir = '', bare] = /^([^]*)\n(true|false)\n$/.exec(stdout.toString()) ?? [];
  return { commonDir, bare: bare === 'true' };
}

/** A directory in which git could not be started. */
function unreachable(cwd: string, cause: unknown): unknown {
  if (!AgentRuntimeError.isInstance(cause) || cause.code !== 'UNAVAILABLE' || cause.details !== undefined) return cause;
  return new AgentRuntimeError('NOT_FOUND', `there is no directory ${cwd}`, { cause });
}
