import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { GitContext } from '../git/context.ts';
import { fileAt, type RawPath } from '../git/raw-path.ts';
import { git, type Place } from '../git/run-git.ts';
import { isThere, statIfThere } from '../system/files.ts';
import { linkOf } from '../system/link-of.ts';
import { unpreserved, type Unpreserved } from './unpreserved.ts';

/** The submodules that have something which no remote has: changed files, commits, or files where git sees none. */
export async function submodulesWithWork(
  context: GitContext,
  workTree: string,
  paths: Iterable<RawPath>,
): Promise<Unpreserved[]> {
  const found: Unpreserved[] = [];
  for (const path of paths) {
    if (!(await statIfThere(fileAt(workTree, path)))?.isDirectory()) continue;
    const names = await readdir(fileAt(workTree, path));
    if (names.length === 0) continue;
    const sub = fileAt(workTree, path).toString();
    // Its configuration may name another directory than this one, which may have been moved.
    const place = { gitDir: (await linkOf(sub)) ?? join(sub, '.git'), workTree: sub };
    if (!names.includes('.git') || (await hasChanges(context, place)) || (await hasCommits(context, place))) {
      found.push(unpreserved(path, 'submodule'));
    }
  }
  return found;
}

/** The repositories of submodules that have commits which no remote has; also of those that are not checked out. */
export async function modulesWithCommits(context: GitContext, gitDir: string): Promise<Unpreserved[]> {
  const found: Unpreserved[] = [];
  for (const name of await modulesIn(join(gitDir, 'modules'))) {
    if (await hasCommits(context, { gitDir: join(gitDir, 'modules', name) }))
      found.push(unpreserved(Buffer.from(name).toString('latin1'), 'submodule'));
  }
  return found;
}

/** A name may have slashes, and a submodule its own. */
async function modulesIn(dir: string, prefix = ''): Promise<string[]> {
  const names = await readdir(join(dir, prefix), { withFileTypes: true }).catch(() => []);
  const found: string[] = [];
  for (const entry of names.filter((each) => each.isDirectory())) {
    const name = join(prefix, entry.name);
    if (await isThere(join(dir, name, 'HEAD'))) {
      found.push(name, ...(await modulesIn(dir, join(name, 'modules'))));
    } else found.push(...(await modulesIn(dir, name)));
  }
  return found;
}

async function hasChanges(context: GitContext, place: Place): Promise<boolean> {
  const args = ['status', '--porcelain', '-z', '--untracked-files=all', '--ignore-submodules=none'];
  const { code, stdout } = await git(context, place, args, { answers: [0, 128] });
  return code !== 0 || stdout.length > 0;
}

/** In a branch, a tag, the stash or HEAD, and in no remote-tracking ref. */
async function hasCommits(context: GitContext, place: Place): Promise<boolean> {
  const args = ['rev-list', '-n1', 'HEAD', '--all', '--not', '--remotes'];
  const { code, stdout } = await git(context, place, args, { answers: [0, 128] });
  return code !== 0 || stdout.length > 0;
}
