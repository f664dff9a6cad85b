import { realpath } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { AgentRuntimeError } from '@runtime/contracts';
import { translated } from '../system/translated.ts';
import { contextOf, type GitContext } from '../git/context.ts';
import { expectArgument, git, gitLineIf } from '../git/run-git.ts';
import type { WorktreeOptions } from '../options.ts';
import { discover } from '../repository/inspect-repository.ts';
import { baseRef, ownBranchRef } from '../repository/refs.ts';
import { commitOf } from '../repository/resolve-base.ts';
import { isThere, readIfThere } from '../system/files.ts';
import { linkOf } from '../system/link-of.ts';
import { readAdmin } from './admin.ts';
import type { Worktree } from './worktree.ts';

/**
 * What is known of one of our worktrees from its directory alone. Changes nothing.
 * Throws NOT_FOUND where there is none; `details.reason` is `noWorktree`, `notOurs`, or `moved` when the repository or
 * the directory was moved: then `repairWorktree` finds both again.
 */
export function findWorktree(dir: string, options: WorktreeOptions = {}): Promise<Worktree> {
  return translated(find(dir, options));
}

async function find(dir: string, options: WorktreeOptions): Promise<Worktree> {
  expectArgument('the directory of the worktree', dir);
  const context = await contextOf(options);
  const path = await placeOf(dir);
  const gitDir = await linkOf(path);
  if (gitDir === undefined) throw notFound('noWorktree', `${path} is no git worktree`);
  const hint = 'call repairWorktree with the repository where it is now, which does `git worktree repair`';
  const commonLink = await readIfThere(join(gitDir, 'commondir'));
  if (commonLink === undefined) throw notFound('moved', `${path} belongs to ${gitDir}, which is not there`, hint);
  const repository = resolve(gitDir, commonLink);
  const admin = await readAdmin(gitDir);
  if (admin.dir !== path) throw notFound('moved', `${gitDir} is that of a worktree at ${admin.dir}, not ${path}`, hint);
  const branch = await ownBranchOf(context, gitDir);
  const base = branch === undefined ? undefined : await commitOf(context, repository, baseRef(branch));
  if (branch === undefined || base === undefined || admin.lock === undefined) {
    throw notFound('notOurs', `the worktree ${path} was not made by addWorktree, or was unlocked since`);
  }
  return { repository, dir: path, gitDir, branch, base, owner: admin.lock };
}

/**
 * Joins a worktree and its repository again after one of them was moved, and finds it.
 * Throws what `findWorktree` throws when they do not belong together.
 */
export async function repairWorktree(
  { repository, dir }: { readonly repository: string; readonly dir: string },
  options: WorktreeOptions = {},
): Promise<Worktree> {
  expectArgument('the directory of the worktree', dir);
  const context = await contextOf(options);
  const { commonDir } = await discover(context, repository);
  const path = await placeOf(dir);
  if (!(await isThere(path))) throw notFound('noWorktree', `there is no ${path}`);
  await git(context, { gitDir: commonDir }, ['worktree', 'repair', path], { isStep: true, answers: [0, 1] });
  return findWorktree(path, options);
}

/** Where a directory is, without links on the way. */
export async function placeOf(dir: string): Promise<string> {
  const path = resolve(dir);
  const parent = await realpath(dirname(path)).catch((cause: unknown) => {
    throw new AgentRuntimeError('NOT_FOUND', `there is no ${dirname(path)}`, {
      cause,
      details: { reason: 'noWorktree' },
    });
  });
  return join(parent, basename(path));
}

/** The branch that a worktree was made for. */
export async function ownBranchOf(context: GitContext, gitDir: string): Promise<string | undefined> {
  const ref = await gitLineIf(context, { gitDir }, ['symbolic-ref', '-q', ownBranchRef]);
  return ref?.replace('refs/heads/', '');
}

const notFound = (reason: string, message: string, hint?: string): AgentRuntimeError =>
  new AgentRuntimeError('NOT_FOUND', message, { details: { reason }, ...(hint === undefined ? {} : { hint }) });
