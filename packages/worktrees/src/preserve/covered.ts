import type { GitContext } from '../git/context.ts';
import { git } from '../git/run-git.ts';
import { treeOf } from '../repository/resolve-base.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';

/** Whether a commit keeps all of it: the very files, and every commit. */
export async function isCovered(
  context: GitContext,
  gitDir: string,
  snapshot: Snapshot,
  commit: string,
): Promise<boolean> {
  return snapshot.tree === (await treeOf(context, gitDir, commit)) && hasCommits(context, gitDir, snapshot, commit);
}

/** Whether a commit has all commits of it, itself or before it. */
export async function hasCommits(
  context: GitContext,
  gitDir: string,
  { head, tips }: Pick<Snapshot, 'head' | 'tips'>,
  commit: string,
): Promise<boolean> {
  const commits = head === undefined ? tips : [head, ...tips];
  if (commits.length === 0) return true;
  const { stdout } = await git(context, { gitDir }, ['rev-list', '-n1', ...commits, '--not', commit]);
  return stdout.length === 0;
}
