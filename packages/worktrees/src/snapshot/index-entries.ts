import type { GitContext } from '../git/context.ts';
import { joinNul, splitNul, type RawPath } from '../git/raw-path.ts';
import { git, type Place } from '../git/run-git.ts';

/** An entry of a commit or an index. */
export interface Entry {
  readonly mode: string;
  readonly oid: string;
  /** By a sparse checkout, or by hand: that the file is not there means nothing. */
  readonly skips: boolean;
}

export const isSubmodule = ({ mode }: Entry): boolean => mode === '160000';

/** What a commit has. */
export async function entriesOf(context: GitContext, place: Place, commit: string): Promise<Map<RawPath, Entry>> {
  const { stdout } = await git(context, place, ['ls-tree', '-r', '-z', '--full-tree', commit]);
  const entries = new Map<RawPath, Entry>();
  for (const line of splitNul(stdout)) {
    const [, mode = '', oid = '', path = ''] = /^(\d+) \S+ (\S+)\t([^]*)$/.exec(line) ?? [];
    entries.set(path, { mode, oid, skips: false });
  }
  return entries;
}

/** The index of a worktree: of a path in conflict one of its sides. */
export async function readIndex(
  context: GitContext,
  place: Place,
): Promise<{ readonly entries: Map<RawPath, Entry>; readonly hasConflicts: boolean }> {
  const { stdout } = await git(context, place, ['ls-files', '-z', '--stage', '-v', '--full-name']);
  const entries = new Map<RawPath, Entry>();
  let hasConflicts = false;
  for (const line of splitNul(stdout)) {
    const [, tag = '', mode = '', oid = '', stage, path = ''] = /^(\S) (\d+) (\S+) (\d)\t([^]*)$/.exec(line) ?? [];
    entries.set(path, { mode, oid, skips: tag.toUpperCase() === 'S' });
    hasConflicts ||= stage !== '0';
  }
  return { entries, hasConflicts };
}

/**
 * What is tracked in a worktree: all of its HEAD and of its index, whose entry counts. What the index believes of the
 * files is not among it, so that no bit in it can hide a change.
 */
export function trackedBy(
  inHead: ReadonlyMap<RawPath, Entry>,
  inIndex: ReadonlyMap<RawPath, Entry>,
): Map<RawPath, Entry> {
  // Of `a` and `a/b` git takes the later one.
  return new Map([...[...inHead].filter(([path]) => !inIndex.has(path)), ...inIndex]);
}

export const isSame = (some: ReadonlyMap<RawPath, Entry>, others: ReadonlyMap<RawPath, Entry>): boolean =>
  some.size === others.size &&
  [...some].every(([path, { mode, oid }]) => others.get(path)?.oid === oid && others.get(path)?.mode === mode);

/** Fills an index that is empty. Nothing is known of the files then. */
export async function fillIndex(
  context: GitContext,
  place: Place,
  index: string,
  entries: ReadonlyMap<RawPath, Entry>,
): Promise<void> {
  const lines = [...entries].map(([path, { mode, oid }]) => `${mode} ${oid} 0\t${path}`);
  const call = { env: { GIT_INDEX_FILE: index }, input: joinNul(lines) };
  await git(context, place, ['update-index', '-z', '--index-info'], call);
}
