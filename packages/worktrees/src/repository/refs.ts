import { dirname, join } from 'node:path';
import { AgentRuntimeError } from '@runtime/contracts';
import type { GitContext } from '../git/context.ts';
import { git } from '../git/run-git.ts';
import { syncDir } from '../system/files.ts';
import { commonDirOf } from './common-dir.ts';
import { ofOurs } from './stale-lock.ts';

/** What is kept is below it. */
const preservedPrefix = 'refs/runtime/preserved/';

export const branchRef = (branch: string): string => `refs/heads/${branch}`;
/** Says that the branch is one of ours, and where it began: no other program writes below `refs/runtime`. */
export const baseRef = (branch: string): string => `refs/runtime/base/${branch}`;
/** In the worktree's own refs: which branch it was made for, wherever its HEAD went. */
export const ownBranchRef = 'refs/worktree/runtime-branch';

/** Throws INVALID_ARGUMENT for what is no name of a branch. */
export async function expectBranch(context: GitContext, branch: string): Promise<void> {
  if (!branch.startsWith('-') && (await isRefName(context, branchRef(branch)))) return;
  throw new AgentRuntimeError('INVALID_ARGUMENT', `${JSON.stringify(branch)} is no name of a branch`, {
    hint: 'see git check-ref-format for what a name may have',
  });
}

/** Throws INVALID_ARGUMENT for a ref that is not below `refs/runtime/preserved/`. */
export async function expectPreservedRef(context: GitContext, ref: string): Promise<void> {
  if (ref.startsWith(preservedPrefix) && (await isRefName(context, ref))) return;
  throw new AgentRuntimeError('INVALID_ARGUMENT', `${JSON.stringify(ref)} is no ref for what is preserved`, {
    hint: `name one below ${preservedPrefix}`,
  });
}

async function isRefName(context: GitContext, ref: string): Promise<boolean> {
  if (ref.includes('\0')) return false;
  return (await git(context, {}, ['check-ref-format', ref], { answers: [0, 1] })).code === 0;
}

/** Moves a ref of ours if it still has its old value; '' means that there is none. Durable when this resolves. */
export async function moveRef(
  context: GitContext,
  gitDir: string,
  ref: string,
  { to, from, why }: { readonly to: string; readonly from: string; readonly why: string },
): Promise<void> {
  const args = ['update-ref', '--no-deref', '--create-reflog', '-m', why, ref, to, from];
  await changeRef(context, gitDir, ref, args);
}

/** Removes a ref of ours if it still has its value. */
export async function removeRef(context: GitContext, gitDir: string, ref: string, from: string): Promise<void> {
  await changeRef(context, gitDir, ref, ['update-ref', '--no-deref', '-d', ref, from]);
}

async function changeRef(context: GitContext, gitDir: string, ref: string, args: readonly string[]): Promise<void> {
  const { code, stderr } = await ofOurs(
    context,
    (lock) => lock.endsWith(`/${ref}.lock`),
    () => git(context, { gitDir }, args, { isStep: true, isDurable: true, answers: [0, 1, 128] }),
  );
  if (code === 0) return syncRef(gitDir, ref);
  throw new AgentRuntimeError('CONFLICT', `${ref} could not be changed: ${stderr.trim()}`, {
    hint: 'look at what it is now, then call it again',
    details: { reason: 'ref', ref },
  });
}

/**
 * Git syncs what is in the file of a ref, and then renames it, which a power cut takes back until its directory is synced
 * as well, and those in which git has made one.
 */
export async function syncRef(gitDir: string, ref: string): Promise<void> {
  const commonDir = await commonDirOf(gitDir);
  for (let dir = dirname(ref); dir !== '.'; dir = dirname(dir)) await syncDir(join(commonDir, dir));
}

/** In any worktree. */
export async function isCheckedOut(context: GitContext, gitDir: string, branch: string): Promise<boolean> {
  const { stdout } = await git(context, { gitDir }, ['worktree', 'list', '--porcelain']);
  return stdout
    .toString()
    .split('\n')
    .includes(`branch ${branchRef(branch)}`);
}
