import { stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { AgentRuntimeError } from '@runtime/contracts';
import type { GitContext } from '../git/context.ts';
import { pause } from '../git/locks.ts';
import { splitNul, textOf } from '../git/raw-path.ts';
import { git } from '../git/run-git.ts';
import { baseRef, branchRef } from '../repository/refs.ts';
import { commitOf } from '../repository/resolve-base.ts';
import { deleteTree } from '../system/delete-tree.ts';
import { isThere, readIfThere } from '../system/files.ts';
import { processesIn } from '../system/processes.ts';
import { walk } from '../system/walk.ts';
import { adminsOf, removeAdmin, type Admin } from './admin.ts';

interface Unfinished {
  readonly repository: string;
  readonly branch: string;
  readonly base: string;
  readonly owner: string;
  /** Around `staging`. */
  readonly begun: string;
  readonly staging: string;
}

const settledMs = 1000;
const pollMs = 50;

/** Takes away what a call left that was killed, once the git that it started has ended. */
export async function clearUnfinished(context: GitContext, plan: Unfinished): Promise<void> {
  const { repository, owner, begun, staging } = plan;
  const left = async (): Promise<Admin[]> => {
    const found: Admin[] = [];
    for (const admin of await adminsOf(repository)) {
      if (admin.dir !== undefined && admin.dir !== staging) continue;
      if (admin.lock === owner || (await isLostName(admin, plan))) found.push(admin);
    }
    return found;
  };
  if (!(await isThere(begun)) && (await left()).length === 0) return;
  await untilStill(context, plan, left);
  if (await isThere(begun)) {
    await expectOnlyBase(context, plan);
    await context.around('remove what was begun', () => deleteTree(begun));
  }
  for (const { gitDir } of await left()) await removeAdmin(context, gitDir);
}

/**
 * What a power cut leaves of what git was about to keep: the name that it gave it, and of its files those that had got to
 * the medium. Somebody else's of that name has a directory or a branch of theirs, or will have them in a moment.
 */
async function isLostName({ gitDir, lock }: Admin, { branch, staging }: Unfinished): Promise<boolean> {
  const name = basename(gitDir);
  const ours = basename(staging);
  const isNamed = name.startsWith(ours) && /^\d*$/.test(name.slice(ours.length));
  if (!isNamed || !['', 'initializing', undefined].includes(lock)) return false;
  const head = await readIfThere(join(gitDir, 'HEAD'));
  return !head || head === `ref: ${branchRef(branch)}`;
}

/** A git whose caller was killed goes on. */
async function untilStill(
  context: GitContext,
  { begun: dir, owner }: Unfinished,
  left: () => Promise<Admin[]>,
): Promise<void> {
  const until = Date.now() + context.lockTimeoutMs;
  while (true) {
    const { processes } = await processesIn(dir);
    const beginning = (await left()).filter((admin) => admin.dir === undefined);
    const isYoung = await Promise.all(
      beginning.map(({ gitDir, lock }) => changedWithin(gitDir, lock === owner ? settledMs : context.lockTimeoutMs)),
    );
    if (processes.length === 0 && !isYoung.includes(true)) return;
    if (Date.now() > until) {
      throw new AgentRuntimeError('UNAVAILABLE', `the git of an earlier call is still at work in ${dir}`, {
        hint: 'call it again later',
        details: { reason: 'process', processes },
      });
    }
    await pause(pollMs, context.signal);
  }
}

async function changedWithin(path: string, ms: number): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found !== undefined && Date.now() - found.mtimeMs < ms;
}

/** Nobody was told of this directory. Whoever found it and put something there keeps it all the same. */
async function expectOnlyBase(context: GitContext, plan: Unfinished): Promise<void> {
  const { repository, branch, base, begun, staging } = plan;
  const began = (await commitOf(context, repository, baseRef(branch))) ?? base;
  const args = ['ls-tree', '-r', '-z', '--name-only', '--full-tree', began];
  const inBase = new Set(splitNul((await git(context, { gitDir: repository }, args)).stdout));
  const prefix = `${Buffer.from(basename(staging)).toString('latin1')}/`;
  for await (const { path, kind } of walk(begun, { into: () => true })) {
    const own = path.startsWith(prefix) ? path.slice(prefix.length) : undefined;
    if (kind === 'directory' || own === '.git' || (own !== undefined && inBase.has(own))) continue;
    const message = `${begun}, where a worktree was begun, has a file that is not in its base: ${textOf(path)}`;
    const hint = 'move the file to where it belongs, then call it again';
    throw new AgentRuntimeError('CONFLICT', message, { hint, details: { reason: 'notInBase', path: textOf(path) } });
  }
}
