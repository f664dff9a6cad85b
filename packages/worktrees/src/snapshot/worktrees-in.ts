import { readdir } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { readIfThere } from '../system/files.ts';
import type { Standing } from './standing.ts';
import { unpreserved, type Unpreserved } from './unpreserved.ts';

/** Other worktrees of the repository inside of this one: tools make them in directories that are ignored. */
export async function worktreesIn({ gitDir, workTree }: Standing): Promise<Unpreserved[]> {
  const all = dirname(gitDir);
  const own = await dirOf(gitDir);
  const dirs = await Promise.all((await readdir(all)).map((name) => dirOf(join(all, name))));
  return [own ?? workTree, workTree].flatMap((root) =>
    dirs
      .filter((dir) => dir?.startsWith(root + sep))
      .map((dir) => unpreserved(Buffer.from(relative(root, dir ?? '')).toString('latin1'), 'nested_repository')),
  );
}

/** Where git believes that a worktree is, which is its old place while it stands aside. */
async function dirOf(gitDir: string): Promise<string | undefined> {
  const link = await readIfThere(join(gitDir, 'gitdir'));
  return link === undefined ? undefined : dirname(resolve(gitDir, link));
}
