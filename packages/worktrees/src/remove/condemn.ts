import { AgentRuntimeError } from '@runtime/contracts';
import type { GitContext } from '../git/context.ts';
import { hasCommits, isCovered } from '../preserve/covered.ts';
import { lateRef, preserveAt, preservedCommit } from '../preserve/preserve-worktree.ts';
import { commitOf } from '../repository/resolve-base.ts';
import { takeSnapshot } from '../snapshot/snapshot.ts';
import type { Standing } from '../snapshot/standing.ts';
import { tipsOf } from '../snapshot/tips.ts';
import { isThere, moveDir } from '../system/files.ts';
import { linkOf } from '../system/link-of.ts';
import { asideDir, deletingDir } from '../worktree/names.ts';
import type { Worktree } from '../worktree/worktree.ts';
import { expectKeepable, expectNobody, expectPreserved } from '../preserve/expect.ts';

/** What was seen of a worktree before it was given up. */
interface Seen {
  readonly looked: boolean;
  readonly late?: { readonly ref: string; readonly commit: string };
}

/** Throws what `condemn` throws before it moves anything. Resolves with whether processes could be looked at. */
export async function expectRemovable(context: GitContext, worktree: Worktree, preserved: string): Promise<boolean> {
  const { repository, dir, gitDir } = worktree;
  const commit = await preservedCommit(context, repository, preserved);
  const { looked } = await expectNobody(dir);
  if ((await linkOf(dir)) !== gitDir) return looked;
  if (await isThere(asideDir(dir, gitDir))) throw inTheWay(asideDir(dir, gitDir));
  await expectPreserved(context, { gitDir, workTree: dir }, commit);
  return looked;
}

/** Moves the directory to the name under which it is only deleted, once all that is in it is preserved. */
export async function condemn(context: GitContext, worktree: Worktree, preserved: string): Promise<Seen> {
  const { repository, dir, gitDir } = worktree;
  const commit = await preservedCommit(context, repository, preserved);
  const aside = asideDir(dir, gitDir);
  if ((await linkOf(dir)) === gitDir) {
    if (await isThere(aside)) throw inTheWay(aside);
    await expectNobody(dir);
    await expectPreserved(context, { gitDir, workTree: dir }, commit);
    await context.around('move aside', () => moveDir(dir, aside));
  } else if (!(await isThere(aside))) {
    await expectCommitsKept(context, gitDir, [commit, await commitOf(context, gitDir, lateRef(preserved))]);
    return expectNobody(dir);
  }
  if ((await linkOf(aside)) !== gitDir) throw inTheWay(aside);
  try {
    const seen = await lookAgain(context, worktree, { preserved, commit, place: { gitDir, workTree: aside } });
    await context.around('condemn', () => moveDir(aside, deletingDir(dir, gitDir)));
    return seen;
  } catch (error) {
    if ((await isThere(aside)) && !(await isThere(dir))) await context.around('move back', () => moveDir(aside, dir));
    throw error;
  }
}

/**
 * By its old path it cannot be found any more, and whoever had a directory or a file of it open would be seen: what is
 * there now is all that there will be.
 */
async function lookAgain(
  context: GitContext,
  { base }: Worktree,
  { preserved, commit, place }: { readonly preserved: string; readonly commit: string; readonly place: Standing },
): Promise<Seen> {
  const { looked } = await expectNobody(place.workTree);
  const snapshot = await takeSnapshot(context, place);
  expectKeepable(snapshot);
  if (await isCovered(context, place.gitDir, snapshot, commit)) return { looked };
  const message = 'Written while the worktree was being removed';
  const late = await preserveAt(context, place, { base, ref: lateRef(preserved), message }, snapshot);
  return { looked, late: { ref: late.ref, commit: late.commit } };
}

/** Somebody removed the files. Commits may be left that only this worktree knows. */
async function expectCommitsKept(
  context: GitContext,
  gitDir: string,
  kept: readonly (string | undefined)[],
): Promise<void> {
  const head = await commitOf(context, gitDir, 'HEAD');
  const tips = await tipsOf(context, gitDir, head);
  for (const commit of kept) {
    if (commit !== undefined && (await hasCommits(context, gitDir, { tips, ...(head ? { head } : {}) }, commit)))
      return;
  }
  throw new AgentRuntimeError('CONFLICT', `the files are gone, and it has commits that are not preserved`, {
    hint: `keep them by a branch: git branch <name> ${head ?? tips[0]}`,
    details: { reason: 'changed', commits: head === undefined ? tips : [head, ...tips] },
  });
}

const inTheWay = (path: string): AgentRuntimeError =>
  new AgentRuntimeError('CONFLICT', `${path} is in the way`, {
    hint: 'move it to another name',
    details: { reason: 'inTheWay', path },
  });
