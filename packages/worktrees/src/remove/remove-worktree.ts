import { readdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { translated } from '../system/translated.ts';
import { contextOf } from '../git/context.ts';
import type { WorktreeOptions } from '../options.ts';
import { expectPreservedRef } from '../repository/refs.ts';
import { deleteTree } from '../system/delete-tree.ts';
import { isThere, syncDir } from '../system/files.ts';
import { linkOf } from '../system/link-of.ts';
import { canLook } from '../system/processes.ts';
import { readAdmin, removeAdmin, type Admin } from '../worktree/admin.ts';
import { isAdminOf, notOurs } from '../worktree/expect-ours.ts';
import { asideDir, deletingDir } from '../worktree/names.ts';
import type { Worktree } from '../worktree/worktree.ts';
import { condemn, expectRemovable } from './condemn.ts';
import { forgetBranch, type BranchEnd } from './forget-branch.ts';

/** What `removeWorktree` removes, and what has to be kept. */
export interface RemoveRequest {
  readonly worktree: Worktree;
  /** The ref under which `preserveWorktree` kept it. */
  readonly preserved: string;
  /** `remove`: also the branch, if the preserved commit has all of it. @default 'keep' */
  readonly branch?: 'keep' | 'remove';
  /** Only find out whether it would be refused now, and remove nothing. @default false */
  readonly check?: boolean;
}

/** What became of it. */
export interface Removed {
  /** Whether processes could be looked at: only on Linux. */
  readonly looked: boolean;
  /** Something was written after it was looked at: it is kept under this ref, too. */
  readonly late?: { readonly ref: string; readonly commit: string };
  /** `kept` with what `remove` could not do; `absent` when there was none. */
  readonly branch: BranchEnd;
}

/**
 * Removes a worktree of which everything is preserved, and nothing else. It is looked at, moved aside, looked at again,
 * and only then deleted, so that what is written meanwhile is preserved too, under `<preserved>-late`.
 * After a kill or a power cut at any point the same call finishes it; where it is gone, it resolves.
 *
 * What git ignores goes; `preserveWorktree` says what that is. Empty directories and reflogs go.
 *
 * Throws CONFLICT, and leaves everything as it is, for `details.reason`: `notOurs`; `process`, a process of this user
 * has its working directory, its root or an open file there (`details.processes`); `unpreserved`, there is something that
 * no commit can keep (`details.unpreserved`); `changed`, it is not what was preserved: preserve it again; `inTheWay`.
 * NOT_FOUND when nothing is preserved under the ref.
 */
export function removeWorktree(request: RemoveRequest, options: WorktreeOptions = {}): Promise<Removed> {
  return translated(remove(request, options));
}

async function remove(request: RemoveRequest, options: WorktreeOptions): Promise<Removed> {
  const { worktree, preserved, branch = 'keep', check = false } = request;
  const { repository, dir, gitDir, owner } = worktree;
  const context = await contextOf(options);
  await expectPreservedRef(context, preserved);
  if (!isAdminOf(repository, gitDir)) throw notOurs(dir, owner);
  const admin = await readAdmin(gitDir);
  if (admin.lock !== owner && !(await isGone(worktree, admin))) throw notOurs(dir, owner);
  const isBegun = await isGivenUp(worktree, admin);
  if (check) return { looked: isBegun ? canLook : await expectRemovable(context, worktree, preserved), branch: 'kept' };
  const seen = isBegun ? { looked: canLook } : await condemn(context, worktree, preserved);
  const deleting = deletingDir(dir, gitDir);
  await context.around('delete the files', async () => {
    await deleteTree(deleting);
    await syncDir(dirname(dir));
  });
  await removeAdmin(context, gitDir);
  return { ...seen, branch: await forgetBranch(context, worktree, { preserved, branch }) };
}

/** Whether nothing is left of it, or the one empty directory that a killed call may leave. */
async function isGone({ dir, gitDir }: Worktree, { lock }: Admin): Promise<boolean> {
  if (lock !== undefined || (await linkOf(dir)) === gitDir) return false;
  return !(await isThere(gitDir)) || (await readdir(gitDir)).length === 0;
}

/** Whether an earlier call saw that everything is preserved, and began to delete. */
async function isGivenUp({ dir, gitDir }: Worktree, { dir: known }: Admin): Promise<boolean> {
  if (await isThere(deletingDir(dir, gitDir))) return true;
  return known === undefined && (await linkOf(dir)) !== gitDir && !(await isThere(asideDir(dir, gitDir)));
}
