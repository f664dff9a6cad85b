import type { GitContext } from '../git/context.ts';
import type { RawPath } from '../git/raw-path.ts';
import { gitLine } from '../git/run-git.ts';
import { fillIndex, type Entry } from './index-entries.ts';
import type { Standing } from './standing.ts';
import { withTemporaryIndex } from './temporary-index.ts';

const identity = {
  GIT_AUTHOR_NAME: 'runtime',
  GIT_AUTHOR_EMAIL: 'runtime@localhost',
  GIT_AUTHOR_DATE: '@0 +0000',
  GIT_COMMITTER_NAME: 'runtime',
  GIT_COMMITTER_EMAIL: 'runtime@localhost',
  GIT_COMMITTER_DATE: '@0 +0000',
};

/**
 * A commit of what is staged, where that is not in the files: it goes with the index. The same contents make the same
 * commit.
 */
export async function stagedCommit(
  context: GitContext,
  place: Standing,
  entries: ReadonlyMap<RawPath, Entry>,
  { head, tree }: { readonly head: string | undefined; readonly tree: string },
): Promise<string | undefined> {
  return withTemporaryIndex(place.gitDir, async (index) => {
    await fillIndex(context, place, index, entries);
    const staged = await gitLine(context, place, ['write-tree'], { env: { GIT_INDEX_FILE: index }, isDurable: true });
    if (staged === tree) return undefined;
    const parents = head === undefined ? [] : ['-p', head];
    const args = ['commit-tree', ...parents, '-m', 'what was staged', staged];
    return gitLine(context, place, args, { env: identity, isDurable: true });
  });
}
