import type { GitContext } from '../git/context.ts';
import { fileAt, splitNul, textOf, type RawPath } from '../git/raw-path.ts';
import { git, gitLine, type GitCall } from '../git/run-git.ts';
import { commitOf } from '../repository/resolve-base.ts';
import { isThere, statIfThere } from '../system/files.ts';
import { addToIndex } from './add-to-index.ts';
import { entriesOf, fillIndex, isSame, isSubmodule, readIndex, trackedBy, type Entry } from './index-entries.ts';
import { lookAround, type Ignored } from './look-around.ts';
import { stagedCommit } from './staged-commit.ts';
import type { Standing } from './standing.ts';
import { modulesWithCommits, submodulesWithWork } from './submodules.ts';
import { withTemporaryIndex } from './temporary-index.ts';
import { tipsOf } from './tips.ts';
import { unpreserved, type Unpreserved } from './unpreserved.ts';
import { worktreesIn } from './worktrees-in.ts';

/** Everything that is in a worktree, as objects of git. No ref names it yet. */
export interface Snapshot {
  /** All files, tracked and untracked, but for those that are ignored. */
  readonly tree: string;
  readonly head?: string;
  /** Other commits that go with the worktree. */
  readonly tips: readonly string[];
  readonly ignored: Ignored;
  readonly unpreserved: readonly Unpreserved[];
}

const mostIgnoredNamed = 100;

/**
 * Takes one. The index, HEAD and branch of the worktree are not touched; files are read afresh, whatever the index
 * believes of them. Filters of the user's run, as at any `git add`.
 */
export async function takeSnapshot(context: GitContext, place: Standing): Promise<Snapshot> {
  const head = await commitOf(context, place.gitDir, 'HEAD');
  const inHead = head === undefined ? new Map<RawPath, Entry>() : await entriesOf(context, place, head);
  const inIndex = await readIndex(context, place);
  const tracked = await onGround(place, trackedBy(inHead, inIndex.entries));
  const kept = await notCheckedOut(place, tracked);
  const submodules = new Set([...tracked].filter(([, entry]) => isSubmodule(entry)).map(([path]) => path));
  return withTemporaryIndex(place.gitDir, async (index) => {
    const call: GitCall = { env: { GIT_INDEX_FILE: index } };
    await fillIndex(context, place, index, tracked);
    const others = splitNul((await git(context, place, ['ls-files', '-z', '-o', '--exclude-standard'], call)).stdout);
    const ignoredArgs = ['ls-files', '-z', '-o', '-i', '--exclude-standard', '--directory'];
    const ignored = splitNul((await git(context, place, ignoredArgs, call)).stdout);
    const around = await lookAround(context, place, { ignored, submodules });
    const files = others.filter((path) => !path.endsWith('/'));
    const paths = [...tracked.keys(), ...files].filter((path) => !kept.has(path));
    const unreadable = await addToIndex(context, place, index, paths);
    const missing = await missingFrom(context, place, index, { paths, unreadable: new Set(unreadable) });
    const tree = await gitLine(context, place, ['write-tree'], { ...call, isDurable: true, isStep: true });
    const tips = await tipsOf(context, place.gitDir, head);
    const hasStaged = !inIndex.hasConflicts && !isSame(inIndex.entries, inHead);
    const staged = hasStaged ? await stagedCommit(context, place, inIndex.entries, { head, tree }) : undefined;
    return {
      tree,
      ...(head === undefined ? {} : { head }),
      tips: staged === undefined ? tips : [...tips, staged],
      ignored: { count: ignored.length, paths: ignored.slice(0, mostIgnoredNamed).map(textOf) },
      unpreserved: distinct([
        ...around,
        ...unreadable.map((path) => unpreserved(path, 'unreadable')),
        ...missing.map((path) => unpreserved(path, 'refused_name')),
        ...(await submodulesWithWork(context, place.workTree, submodules)),
        ...(await modulesWithCommits(context, place.gitDir)),
        ...(await worktreesIn(place)),
      ]),
    };
  });
}

/** The entries without those whose directory is gone, or is a file or a link by now. */
async function onGround(
  { workTree }: Standing,
  entries: ReadonlyMap<RawPath, Entry>,
): Promise<ReadonlyMap<RawPath, Entry>> {
  const known = new Map<RawPath, boolean>([['', true]]);
  const isDirectory = async (path: RawPath): Promise<boolean> => {
    const found =
      known.get(path) ??
      ((await isDirectory(parentOf(path))) && (await statIfThere(fileAt(workTree, path)))?.isDirectory() === true);
    known.set(path, found);
    return found;
  };
  const there = new Map<RawPath, Entry>();
  for (const [path, entry] of entries) {
    if (entry.skips || (await isDirectory(parentOf(path)))) there.set(path, entry);
  }
  return there;
}

const parentOf = (path: RawPath): RawPath => path.slice(0, Math.max(0, path.lastIndexOf('/')));

/** Entries that a sparse checkout left out: they stay as they are. */
async function notCheckedOut({ workTree }: Standing, tracked: ReadonlyMap<RawPath, Entry>): Promise<Set<RawPath>> {
  const kept = new Set<RawPath>();
  for (const [path, { skips }] of tracked) {
    if (skips && !(await isThere(fileAt(workTree, path)))) kept.add(path);
  }
  return kept;
}

/** Files that are there and that git did not take, without saying so. */
async function missingFrom(
  context: GitContext,
  place: Standing,
  index: string,
  { paths, unreadable }: { readonly paths: readonly RawPath[]; readonly unreadable: ReadonlySet<RawPath> },
): Promise<RawPath[]> {
  const { stdout } = await git(context, place, ['ls-files', '-z'], { env: { GIT_INDEX_FILE: index } });
  const taken = new Set(splitNul(stdout));
  const missing: RawPath[] = [];
  for (const path of paths) {
    if (!unreadable.has(path) && !taken.has(path) && (await isFile(place.workTree, path))) missing.push(path);
  }
  return missing;
}

/** A tracked file that became a directory is none. */
async function isFile(workTree: string, path: RawPath): Promise<boolean> {
  const found = await statIfThere(fileAt(workTree, path));
  return found !== undefined && !found.isDirectory();
}

const distinct = (all: readonly Unpreserved[]): Unpreserved[] => [
  ...new Map(all.map((each) => [`${each.why} ${each.path}`, each])).values(),
];
