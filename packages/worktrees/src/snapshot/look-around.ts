import type { GitContext } from '../git/context.ts';
import { joinNul, splitNul, type RawPath } from '../git/raw-path.ts';
import { git, type Place } from '../git/run-git.ts';
import { walk } from '../system/walk.ts';
import { unpreserved, type Unpreserved } from './unpreserved.ts';

/** Entries of the worktree that git ignores. */
export interface Ignored {
  /** Of files, and of directories of which everything is ignored. */
  readonly count: number;
  /** The first 100; a directory ends with `/`. */
  readonly paths: readonly string[];
}

/**
 * What git passes over without a word: repositories of their own, special files, directories that cannot be read. What
 * is ignored is not looked into.
 */
export async function lookAround(
  context: GitContext,
  place: Place & { readonly workTree: string },
  { ignored, submodules }: { readonly ignored: readonly RawPath[]; readonly submodules: ReadonlySet<RawPath> },
): Promise<Unpreserved[]> {
  const passedOver = new Set(ignored.filter((path) => path.endsWith('/')).map((path) => path.slice(0, -1)));
  const isOpen = (path: RawPath): boolean =>
    !passedOver.has(path) && !submodules.has(path) && path !== '.git' && !path.endsWith('/.git');
  const found: Unpreserved[] = [];
  const special: RawPath[] = [];
  for await (const { path, kind } of walk(place.workTree, { into: isOpen })) {
    if (path.endsWith('/.git')) found.push(unpreserved(path.slice(0, -5), 'nested_repository'));
    else if (kind === 'unreadable') found.push(unpreserved(path, 'unreadable'));
    else if (kind === 'special') special.push(path);
  }
  const ignoredSpecial = new Set(await ignoredAmong(context, place, special));
  const counted = special.filter((path) => !ignoredSpecial.has(path));
  return [...found, ...counted.map((path) => unpreserved(path, 'special_file'))];
}

async function ignoredAmong(context: GitContext, place: Place, paths: readonly RawPath[]): Promise<RawPath[]> {
  if (paths.length === 0) return [];
  // It refuses literal pathspecs; behind a dot nothing is magic.
  const call = {
    env: { GIT_LITERAL_PATHSPECS: '0' },
    input: joinNul(paths.map((path) => `./${path}`)),
    answers: [0, 1],
  };
  const { stdout } = await git(context, place, ['check-ignore', '-z', '--stdin', '--no-index'], call);
  return splitNul(stdout).map((path) => path.slice(2));
}
