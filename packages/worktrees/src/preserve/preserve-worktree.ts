import { join } from 'node:path';
import { AgentRuntimeError } from '@runtime/contracts';
import { translated } from '../system/translated.ts';
import { contextOf, type GitContext } from '../git/context.ts';
import { gitLine, gitLineIf } from '../git/run-git.ts';
import type { WorktreeOptions } from '../options.ts';
import { commonDirOf } from '../repository/common-dir.ts';
import { expectPreservedRef, moveRef, syncRef } from '../repository/refs.ts';
import { commitOf, isAncestor, treeOf } from '../repository/resolve-base.ts';
import { takeSnapshot, type Snapshot } from '../snapshot/snapshot.ts';
import type { Standing } from '../snapshot/standing.ts';
import type { Ignored } from '../snapshot/look-around.ts';
import type { Unpreserved } from '../snapshot/unpreserved.ts';
import { syncFiles } from '../system/sync-files.ts';
import { expectOurs } from '../worktree/expect-ours.ts';
import type { Worktree } from '../worktree/worktree.ts';
import { isCovered } from './covered.ts';

/** What `preserveWorktree` keeps, and where. */
export interface PreserveRequest {
  readonly worktree: Worktree;
  /** Below `refs/runtime/preserved/`. */
  readonly ref: string;
  /** Of the commit. */
  readonly message: string;
}

/** What was kept. */
export interface Preserved {
  readonly ref: string;
  readonly commit: string;
  /** Whether its files are others than those of the base. */
  readonly changed: boolean;
  /** What git ignores is not kept. */
  readonly ignored: Ignored;
  /** What no commit can keep: `removeWorktree` refuses while there is any. */
  readonly unpreserved: readonly Unpreserved[];
}

/**
 * Keeps everything that is in a worktree under a ref: all files, tracked or not, but for those that git ignores, as git
 * would store them. The index, HEAD and branch of the worktree are not touched, and a process may be at work in it; a
 * file that is written meanwhile is kept as it was at some moment.
 *
 * The first parent of the commit is the worktree's HEAD. Further parents are commits that would go with the worktree: of
 * an unfinished merge or rebase, what is staged and in no file, and what the ref kept before. Where all of that is
 * HEAD's, the ref points to HEAD. Called again without a change it resolves with the commit that is there.
 *
 * When it resolves, all of that is durable, the ref last, and on Linux the files of the worktree are, too. Elsewhere what
 * other commands of git wrote, such as the commits of an agent, is as durable as the configuration of git makes it, and
 * a git before 2.36 syncs objects alone.
 *
 * Throws CONFLICT when the worktree is not of this owner (`notOurs`) or the ref was changed meanwhile (`ref`); NOT_FOUND
 * when it is gone; INVALID_ARGUMENT; UNAVAILABLE when a filter of the user's fails (`filter`) or another git holds a lock
 * (`locked`); EXHAUSTED on a full disk.
 */
export function preserveWorktree(request: PreserveRequest, options: WorktreeOptions = {}): Promise<Preserved> {
  return translated(preserve(request, options));
}

async function preserve({ worktree, ref, message }: PreserveRequest, options: WorktreeOptions): Promise<Preserved> {
  const context = await contextOf(options);
  await expectPreservedRef(context, ref);
  await expectOurs(worktree);
  return preserveAt(
    context,
    { gitDir: worktree.gitDir, workTree: worktree.dir },
    { base: worktree.base, ref, message },
  );
}

/** As `preserveWorktree`, wherever the directory is at the moment. */
export async function preserveAt(
  context: GitContext,
  place: Standing,
  { base, ref, message }: { readonly base: string; readonly ref: string; readonly message: string },
  taken?: Snapshot,
): Promise<Preserved> {
  const snapshot = taken ?? (await takeSnapshot(context, place));
  const before = await commitOf(context, place.gitDir, ref);
  const commit =
    before !== undefined && (await isCovered(context, place.gitDir, snapshot, before))
      ? before
      : await commitFor(context, place, snapshot, { before, message });
  if (commit === before) {
    // An earlier call may have been killed once it had moved it.
    await syncRef(place.gitDir, ref);
  } else {
    // What an agent committed is synced by nobody else.
    await syncFiles(context, [place.workTree, join(await commonDirOf(place.gitDir), 'objects')]);
    await moveRef(context, place.gitDir, ref, { to: commit, from: before ?? '', why: 'preserved' });
  }
  return {
    ref,
    commit,
    changed: snapshot.tree !== (await treeOf(context, place.gitDir, base)),
    ignored: snapshot.ignored,
    unpreserved: snapshot.unpreserved,
  };
}

async function commitFor(
  context: GitContext,
  { gitDir }: Standing,
  { head, tree, tips }: Snapshot,
  { before, message }: { readonly before: string | undefined; readonly message: string },
): Promise<string> {
  const isKept = before === undefined || (head !== undefined && (await isAncestor(context, gitDir, before, head)));
  const others = isKept ? tips : [...tips, before];
  if (head !== undefined && others.length === 0 && tree === (await treeOf(context, gitDir, head))) return head;
  const parents = [...new Set([...(head === undefined ? [] : [head]), ...others])].flatMap((commit) => ['-p', commit]);
  const args = ['commit-tree', ...parents, '-F', '-', tree];
  const config = await identity(context, gitDir);
  return gitLine(context, { gitDir }, args, { input: message || 'preserved', config, isDurable: true, isStep: true });
}

/** The user's name, or ours where git knows none. */
async function identity(context: GitContext, gitDir: string): Promise<string[]> {
  const name = await gitLineIf(context, { gitDir }, ['config', '--get', 'user.name']);
  const email = await gitLineIf(context, { gitDir }, ['config', '--get', 'user.email']);
  return name && email ? [] : ['user.name=runtime', 'user.email=runtime@localhost'];
}

/** Where it is kept what was written after the last look. */
export const lateRef = (preserved: string): string => `${preserved}-late`;

/** The commit that is kept under a ref, or throws NOT_FOUND. */
export async function preservedCommit(context: GitContext, gitDir: string, ref: string): Promise<string> {
  const commit = await commitOf(context, gitDir, ref);
  if (commit !== undefined) return commit;
  throw new AgentRuntimeError('NOT_FOUND', `nothing is preserved under ${ref}`, {
    hint: 'call preserveWorktree first',
    details: { reason: 'notPreserved' },
  });
}
