import { join } from 'node:path';
import type { GitContext } from '../git/context.ts';
import { git } from '../git/run-git.ts';
import { isAncestor } from '../repository/resolve-base.ts';
import { readIfThere } from '../system/files.ts';

const pseudoRefs = ['ORIG_HEAD', 'CHERRY_PICK_HEAD', 'REVERT_HEAD', 'REBASE_HEAD', 'BISECT_HEAD'];
const files = [
  'MERGE_HEAD',
  ...['orig-head', 'onto', 'autostash', 'stopped-sha'].map((name) => `rebase-merge/${name}`),
  ...['orig-head', 'onto', 'autostash'].map((name) => `rebase-apply/${name}`),
  'MERGE_AUTOSTASH',
];

/**
 * The commits that only the worktree knows, and that go with it: of an unfinished merge, rebase or cherry-pick, of its
 * own refs and branch, and before its last reset. Those that HEAD has are not among them.
 */
export async function tipsOf(context: GitContext, gitDir: string, head: string | undefined): Promise<string[]> {
  const names = [...pseudoRefs];
  for (const file of files) {
    const text = await readIfThere(join(gitDir, file));
    names.push(...(text ?? '').split('\n').filter((line) => /^[0-9a-f]{40,64}$/.test(line)));
  }
  const own = ['refs/worktree', 'refs/bisect', 'refs/rewritten'];
  const refs = await git(context, { gitDir }, ['for-each-ref', '--format=%(objectname)', ...own]);
  names.push(...refs.stdout.toString().split('\n').filter(Boolean));
  const input = names.map((name) => `${name}^{commit}\n`).join('');
  const { stdout } = await git(context, { gitDir }, ['cat-file', '--batch-check=%(objectname) %(objecttype)'], {
    input,
  });
  const commits = new Set([...stdout.toString().matchAll(/^([0-9a-f]+) commit$/gm)].map(([, oid = '']) => oid));
  const found: string[] = [];
  for (const commit of commits) {
    if (head === undefined || !(await isAncestor(context, gitDir, commit, head))) found.push(commit);
  }
  return found;
}
