import { mkdir, rmdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { AgentRuntimeError } from '@runtime/contracts';
import { translated } from '../system/translated.ts';
import { contextOf, type GitContext } from '../git/context.ts';
import { gitFailure } from '../git/git-failure.ts';
import { expectArgument, git } from '../git/run-git.ts';
import type { WorktreeOptions } from '../options.ts';
import { discover } from '../repository/inspect-repository.ts';
import { baseRef, branchRef, expectBranch, ownBranchRef } from '../repository/refs.ts';
import { commitOf } from '../repository/resolve-base.ts';
import { isThere, moveDir, replaceFile, syncDir, syncTree } from '../system/files.ts';
import { linkOf } from '../system/link-of.ts';
import { syncFiles } from '../system/sync-files.ts';
import { adminsOf, readAdmin } from './admin.ts';
import { claimBranch, letGoOfBranch } from './claim-branch.ts';
import { clearUnfinished } from './clear-unfinished.ts';
import { ownBranchOf, placeOf } from './find-worktree.ts';
import { addingDir } from './names.ts';
import type { Worktree } from './worktree.ts';

/** What `addWorktree` makes. */
export interface NewWorktree {
  /** Any path in the repository; a bare one is fine. */
  readonly repository: string;
  /** Where it will be; nothing may be there. Its parents are made. */
  readonly dir: string;
  /** A branch that is not there yet, such as `runtime/<taskId>`. */
  readonly branch: string;
  /** A commit: see `resolveBase`. */
  readonly base: string;
  /** Whose it is, as the reason of its lock, of one worktree alone: `runtime task <taskId>`. One line. */
  readonly owner: string;
}

/**
 * Makes a worktree with a branch of its own, locked, so that `git worktree prune` keeps away from it. No hook runs, and
 * submodules stay empty. The checkout of the caller is not touched.
 *
 * It is made under a name beside `dir` and moved there when it is whole, so `dir` is a whole worktree or not there.
 * After a kill or a power cut at any point the same call finishes it; a call for one that is there resolves with it. When
 * it throws, nothing is left of it. On Linux its files are durable when it resolves.
 *
 * Throws CONFLICT when `dir` or `branch` is there and is not of this owner and base (`details.reason`: `dir`, `branch`,
 * `unfinishedRemoval`, `notInBase`); INVALID_ARGUMENT; UNAVAILABLE when a filter of the user's fails (`filter`), with
 * the end of what it said, or a killed call's git is still at work (`process`); EXHAUSTED on a full disk; and what
 * `inspectRepository` throws.
 */
export function addWorktree(wanted: NewWorktree, options: WorktreeOptions = {}): Promise<Worktree> {
  return translated(add(wanted, options));
}

async function add(wanted: NewWorktree, options: WorktreeOptions): Promise<Worktree> {
  expectPlace(wanted);
  const context = await contextOf(options);
  const found = await foundIn(context, wanted);
  await mkdir(dirname(wanted.dir), { recursive: true });
  const plan = await planOf(wanted, found);
  return (await existing(context, plan)) ?? (await make(context, plan));
}

/**
 * Ends what a killed `addWorktree` began, where nobody wants the worktree any more: what is half made is taken away, and
 * a whole one is resolved with, for whoever preserves and removes it. Undefined where nothing is left.
 *
 * Throws what `addWorktree` throws.
 */
export function abandonWorktree(wanted: NewWorktree, options: WorktreeOptions = {}): Promise<Worktree | undefined> {
  return translated(abandon(wanted, options));
}

async function abandon(wanted: NewWorktree, options: WorktreeOptions): Promise<Worktree | undefined> {
  expectPlace(wanted);
  // Nothing is begun before its parent is made.
  if (!(await isThere(dirname(wanted.dir)))) return undefined;
  const context = await contextOf(options);
  const plan = await planOf(wanted, await foundIn(context, wanted));
  const whole = await existing(context, plan);
  if (whole) return whole;
  await takeBack(context, plan);
  return undefined;
}

function expectPlace({ dir, owner }: NewWorktree): void {
  expectArgument('the directory of the worktree', dir);
  expectOwner(owner);
}

type Found = Pick<Plan, 'repository' | 'base'>;

async function foundIn(context: GitContext, { repository, branch, base: wanted }: NewWorktree): Promise<Found> {
  const { commonDir } = await discover(context, repository);
  await expectBranch(context, branch);
  const base = await commitOf(context, commonDir, wanted);
  if (base === undefined) throw new AgentRuntimeError('INVALID_ARGUMENT', `the base ${wanted} is no commit`);
  return { repository: commonDir, base };
}

async function planOf(wanted: NewWorktree, found: Found): Promise<Plan> {
  const dir = await placeOf(wanted.dir);
  const begun = addingDir(dir, wanted.owner);
  return { ...wanted, ...found, dir, begun, staging: join(begun, basename(dir)) };
}

interface Plan extends NewWorktree {
  readonly begun: string;
  readonly staging: string;
}

/** The worktree of an earlier call, which may have been killed after its last move. */
async function existing(context: GitContext, plan: Plan): Promise<Worktree | undefined> {
  const { repository, dir, branch, base, owner, staging } = plan;
  if (!(await isThere(dir))) {
    const gone = (await adminsOf(repository)).some((admin) => admin.lock === owner && admin.dir === dir);
    if (!gone) return undefined;
    const hint = 'finish it with removeWorktree';
    throw conflict('unfinishedRemoval', `the worktree ${dir} is not there, but git still knows of it`, hint);
  }
  const gitDir = await linkOf(dir);
  const admin = gitDir === undefined ? undefined : await readAdmin(gitDir);
  const isOurs =
    gitDir !== undefined &&
    dirname(gitDir) === join(repository, 'worktrees') &&
    admin?.lock === owner &&
    (admin.dir === dir || admin.dir === staging) &&
    (await ownBranchOf(context, gitDir)) === branch &&
    (await commitOf(context, repository, baseRef(branch))) === base;
  if (!isOurs) {
    throw conflict('dir', `${dir} is there already`, 'name a directory that is not there');
  }
  await settle(context, plan, gitDir);
  return { repository, dir, gitDir, branch, base, owner };
}

/** What follows the move. */
async function settle(context: GitContext, { dir, begun }: Plan, gitDir: string): Promise<void> {
  const { dir: known } = await readAdmin(gitDir);
  if (known !== dir) await context.around('write gitdir', () => replaceFile(join(gitDir, 'gitdir'), `${dir}/.git\n`));
  if (!(await isThere(begun))) return;
  await context.around('remove the directory around it', async () => {
    await rmdir(begun);
    await syncDir(dirname(dir));
  });
}

async function make(context: GitContext, plan: Plan): Promise<Worktree> {
  const { repository, dir, branch, base, owner, staging } = plan;
  await clearUnfinished(context, plan);
  await claimBranch(context, plan);
  try {
    const gitDir = await checkOut(context, plan);
    if (await isThere(dir)) throw conflict('dir', `${dir} has just been made`, 'name a directory that is not there');
    await context.around('move into place', () => moveDir(staging, dir));
    await settle(context, plan, gitDir);
    return { repository, dir, gitDir, branch, base, owner };
  } catch (error) {
    // Aborting the call must not leave half of it.
    const untilDone = { ...context, signal: undefined };
    if (!(await isThere(dir))) {
      await takeBack(untilDone, plan).catch(() => undefined);
    }
    throw error;
  }
}

async function takeBack(context: GitContext, plan: Plan): Promise<void> {
  await clearUnfinished(context, plan);
  await letGoOfBranch(context, plan);
}

async function checkOut(context: GitContext, { repository, branch, base, owner, staging }: Plan): Promise<string> {
  const args = ['worktree', 'add', '--no-checkout', '--lock', '--reason', owner, staging, branch];
  const config = ['worktree.useRelativePaths=false'];
  const { code, stderr } = await git(context, { gitDir: repository }, args, {
    isStep: true,
    config,
    answers: [0, 128, 255],
  });
  if (/already (checked out|used by worktree)/.test(stderr)) {
    throw conflict('branch', `the branch ${branch} is checked out already`, 'name a branch that is not there');
  }
  const gitDir = await linkOf(staging);
  if (code !== 0 || gitDir === undefined) throw gitFailure('git worktree add', { code, stderr });
  await git(context, { gitDir }, ['symbolic-ref', ownBranchRef, branchRef(branch)], { isStep: true });
  await git(context, { gitDir, workTree: staging }, ['reset', '-q', '--hard', base], { isStep: true });
  if (!(await syncFiles(context, [staging, gitDir]))) await syncTree(gitDir);
  return gitDir;
}

function expectOwner(owner: string): void {
  if (/^[^\x00-\x1f\x7f]{1,200}$/.test(owner) && owner.trim() === owner) return;
  throw new AgentRuntimeError('INVALID_ARGUMENT', 'the owner is not one line of at most 200 characters', {
    hint: 'name it as `runtime task <taskId>`',
  });
}

const conflict = (reason: string, message: string, hint: string): AgentRuntimeError =>
  new AgentRuntimeError('CONFLICT', message, { hint, details: { reason } });
