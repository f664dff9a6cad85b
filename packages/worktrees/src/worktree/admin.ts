import { readdir, rmdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { GitContext } from '../git/context.ts';
import { deleteTree } from '../system/delete-tree.ts';
import { isThere, readIfThere, syncDir, unlinkIfThere } from '../system/files.ts';

/** What git keeps of a worktree, as far as it is there. */
export interface Admin {
  readonly gitDir: string;
  /** The directory of its files, as git believes. */
  readonly dir?: string;
  /** The reason of its lock; absent when it is not locked. */
  readonly lock?: string;
}

export async function readAdmin(gitDir: string): Promise<Admin> {
  const link = await readIfThere(join(gitDir, 'gitdir'));
  const lock = await readIfThere(join(gitDir, 'locked'));
  return {
    gitDir,
    ...(link ? { dir: dirname(resolve(gitDir, link)) } : {}),
    ...(lock === undefined ? {} : { lock }),
  };
}

/** What git keeps of all worktrees of a repository but the first. */
export async function adminsOf(commonDir: string): Promise<Admin[]> {
  const parent = join(commonDir, 'worktrees');
  const names = (await isThere(parent)) ? await readdir(parent) : [];
  return Promise.all(names.map((name) => readAdmin(join(parent, name))));
}

/**
 * Removes what git keeps of a worktree. Without `gitdir` git sees it no longer, and until `locked` goes, as the last
 * file, it is known whose it was.
 */
export async function removeAdmin({ around }: GitContext, gitDir: string): Promise<void> {
  if (!(await isThere(gitDir))) return;
  await around('remove gitdir', () => unlinkIfThere(join(gitDir, 'gitdir')));
  const others = (await readdir(gitDir)).filter((name) => name !== 'locked');
  await around('remove what git keeps', async () => {
    for (const name of others) await deleteTree(join(gitDir, name));
  });
  await around('remove locked', () => unlinkIfThere(join(gitDir, 'locked')));
  await around('remove the git directory', async () => {
    await rmdir(gitDir);
    await syncDir(dirname(gitDir));
  });
}
