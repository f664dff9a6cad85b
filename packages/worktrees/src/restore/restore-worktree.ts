import { join } from 'node:path';
import { AgentRuntimeError } from '@runtime/contracts';
import { translated } from '../system/translated.ts';
import { contextOf, type GitContext } from '../git/context.ts';
import { joinNul, splitNul } from '../git/raw-path.ts';
import { git, gitLineIf, type GitCall } from '../git/run-git.ts';
import type { WorktreeOptions } from '../options.ts';
import { hasCommits, isCovered } from '../preserve/covered.ts';
import { changed, expectKeepable, expectNobody } from '../preserve/expect.ts';
import { lateRef, preserveAt, preservedCommit } from '../preserve/preserve-worktree.ts';
import { branchRef, expectPreservedRef, isCheckedOut } from '../repository/refs.ts';
import { treeOf } from '../repository/resolve-base.ts';
import { ofOurs } from '../repository/stale-lock.ts';
import { takeSnapshot, type Snapshot } from '../snapshot/snapshot.ts';
import type { Standing } from '../snapshot/standing.ts';
import { deleteTree } from '../system/delete-tree.ts';
import { isThere, replaceFile, unlinkIfThere } from '../system/files.ts';
import { syncFiles } from '../system/sync-files.ts';
import { expectOurs } from '../worktree/expect-ours.ts';
import type { Worktree } from '../worktree/worktree.ts';

/** What `restoreWorktree` takes back, and what has to be kept. */
export interface RestoreRequest {
  readonly worktree: Worktree;
  /** The ref under which `preserveWorktree` kept it. */
  readonly preserved: string;
}

/** What was kept on the way. */
export interface Restored {
  /** A call that was killed had begun: what was there when this one came is kept under this ref, too. */
  readonly late?: { readonly ref: string; readonly commit: string };
}

/** What git keeps of a merge, rebase, cherry-pick or bisection beside what a hard reset ends. */
const unfinished = [
  'rebase-merge',
  'rebase-apply',
  'sequencer',
  'REBASE_HEAD',
  'BISECT_LOG',
  'BISECT_START',
  'BISECT_NAMES',
  'BISECT_TERMS',
  'BISECT_EXPECTED_REV',
  'BISECT_ANCESTORS_OK',
];

/**
 * Takes a worktree back to its base, once everything in it is preserved: its branch is checked out and points to the
 * base, its files and index are those of the base, no merge or rebase is under way. What git ignores stays, and so do
 * repositories of their own and special files.
 * After a kill at any point the same call finishes it; at the base already, it resolves.
 *
 * Throws CONFLICT, and leaves everything as it is, for `details.reason`: `notOurs`; `process`; `changed`, it is not what
 * was preserved; `unpreserved`, for files that cannot be read. NOT_FOUND when nothing is preserved under the ref, or the
 * worktree is gone.
 */
export function restoreWorktree(request: RestoreRequest, options: WorktreeOptions = {}): Promise<Restored> {
  return translated(restore(request, options));
}

async function restore({ worktree, preserved }: RestoreRequest, options: WorktreeOptions): Promise<Restored> {
  const context = await contextOf(options);
  await expectPreservedRef(context, preserved);
  await expectOurs(worktree);
  const { gitDir, dir, branch, base } = worktree;
  const place = { gitDir, workTree: dir };
  const commit = await preservedCommit(context, gitDir, preserved);
  await expectNobody(dir);
  const snapshot = await takeSnapshot(context, place);
  expectReadable(snapshot);
  const begun = join(gitDir, 'runtime-restoring');
  const isKept =
    (await isCovered(context, gitDir, snapshot, commit)) ||
    ((await treeOf(context, gitDir, base)) === snapshot.tree && (await hasCommits(context, gitDir, snapshot, commit)));
  const late = isKept
    ? undefined
    : await keepLate(context, place, snapshot, { base, preserved, isBegun: await isThere(begun) });
  await expectFreeBranch(context, worktree);
  await context.around('begin to restore', () => replaceFile(begun, commit));
  for (const name of unfinished) {
    const path = join(gitDir, name);
    if (await isThere(path)) await context.around('end what is unfinished', () => deleteTree(path));
  }
  // No process is in the worktree, so a lock of it has no owner.
  const isOurs = (lock: string): boolean =>
    lock.startsWith(`${gitDir}/`) || lock.endsWith(`/${branchRef(branch)}.lock`);
  const run = (args: readonly string[], call: GitCall = {}): Promise<unknown> =>
    ofOurs(context, isOurs, () => git(context, place, args, { ...call, isStep: true }));
  for (const [bit, input] of await hidingBits(context, place)) {
    await run(['update-index', '-z', bit, '--stdin'], { input });
  }
  await run(['symbolic-ref', '-m', 'runtime: restore', 'HEAD', branchRef(branch)]);
  await run(['reset', '-q', '--hard', base]);
  await run(['clean', '-q', '-f', '-d']);
  await syncFiles(context, [dir, gitDir]);
  await context.around('end the restoring', () => unlinkIfThere(begun));
  return late === undefined ? {} : { late };
}

/** What is there when an unfinished call is called again is half the base, and whatever was written since. */
async function keepLate(
  context: GitContext,
  place: Standing,
  snapshot: Snapshot,
  { base, preserved, isBegun }: { readonly base: string; readonly preserved: string; readonly isBegun: boolean },
): Promise<{ readonly ref: string; readonly commit: string }> {
  if (!isBegun) throw changed(place.workTree);
  const message = 'Half of a restoring, and what was written since it began';
  const { ref, commit } = await preserveAt(context, place, { base, ref: lateRef(preserved), message }, snapshot);
  return { ref, commit };
}

/** Cleaning removes a file that it cannot read, too. Other things that no commit keeps stay where they are. */
function expectReadable({ unpreserved }: Snapshot): void {
  const lost = unpreserved.filter(({ why }) => why === 'unreadable' || why === 'refused_name');
  expectKeepable({ unpreserved: lost });
}

async function expectFreeBranch(context: GitContext, { repository, gitDir, branch }: Worktree): Promise<void> {
  const head = await gitLineIf(context, { gitDir }, ['symbolic-ref', '-q', 'HEAD']);
  if (head === branchRef(branch) || !(await isCheckedOut(context, repository, branch))) return;
  throw new AgentRuntimeError('CONFLICT', `the branch ${branch} is checked out in another worktree`, {
    hint: 'check out another one there',
    details: { reason: 'branch' },
  });
}

/** By these bits of the index a hard reset would pass over files. A sparse checkout sets its own again. */
async function hidingBits(context: GitContext, place: Standing): Promise<(readonly [string, Buffer])[]> {
  const lines = splitNul((await git(context, place, ['ls-files', '-z', '-v'])).stdout);
  const paths = (isSet: (tag: string) => boolean): string[] =>
    lines.filter((line) => isSet(line.charAt(0))).map((line) => line.slice(2));
  const unchanged = paths((tag) => tag !== tag.toUpperCase());
  const skipped = paths((tag) => tag.toUpperCase() === 'S');
  return [
    ...(unchanged.length === 0 ? [] : [['--no-assume-unchanged', joinNul(unchanged)] as const]),
    ...(skipped.length === 0 ? [] : [['--no-skip-worktree', joinNul(skipped)] as const]),
  ];
}
