import type { GitContext } from '../git/context.ts';
import { lateRef } from '../preserve/preserve-worktree.ts';
import { baseRef, branchRef, isCheckedOut, removeRef } from '../repository/refs.ts';
import { commitOf, isAncestor } from '../repository/resolve-base.ts';
import type { Worktree } from '../worktree/worktree.ts';

/** What became of the branch. */
export type BranchEnd = 'kept' | 'removed' | 'absent';

/** Removes the branch if it is asked for and all of it is preserved; it is ours no longer in any case. */
export async function forgetBranch(
  context: GitContext,
  { repository, branch: name }: Worktree,
  { preserved, branch }: { readonly preserved: string; readonly branch: 'keep' | 'remove' },
): Promise<BranchEnd> {
  const tip = await commitOf(context, repository, branchRef(name));
  const began = await commitOf(context, repository, baseRef(name));
  const isRemoved =
    tip !== undefined &&
    began !== undefined &&
    branch === 'remove' &&
    (await isKept(context, repository, tip, preserved)) &&
    !(await isCheckedOut(context, repository, name));
  if (isRemoved) await removeRef(context, repository, branchRef(name), tip);
  if (began !== undefined) await removeRef(context, repository, baseRef(name), began);
  if (isRemoved || tip === undefined) return tip === undefined ? 'absent' : 'removed';
  return 'kept';
}

async function isKept(context: GitContext, gitDir: string, tip: string, preserved: string): Promise<boolean> {
  for (const ref of [preserved, lateRef(preserved)]) {
    const commit = await commitOf(context, gitDir, ref);
    if (commit !== undefined && (await isAncestor(context, gitDir, tip, commit))) return true;
  }
  return false;
}
