import { dirname, join } from 'node:path';
import { AgentRuntimeError } from '@runtime/contracts';
import { isThere } from '../system/files.ts';
import { linkOf } from '../system/link-of.ts';
import { readAdmin } from './admin.ts';
import type { Worktree } from './worktree.ts';

/** Throws CONFLICT for a worktree that is not locked by its owner, NOT_FOUND for one whose directory is gone. */
export async function expectOurs({ repository, gitDir, dir, owner }: Worktree): Promise<void> {
  if (!isAdminOf(repository, gitDir) || (await readAdmin(gitDir)).lock !== owner) throw notOurs(dir, owner);
  if (!(await isThere(dir))) {
    throw new AgentRuntimeError('NOT_FOUND', `the worktree ${dir} is not there`, { details: { reason: 'noWorktree' } });
  }
  if ((await linkOf(dir)) !== gitDir) throw notOurs(dir, owner);
}

/** Nothing else is ever taken for a git directory of ours. */
export const isAdminOf = (repository: string, gitDir: string): boolean =>
  dirname(gitDir) === join(repository, 'worktrees');

export const notOurs = (dir: string, owner: string): AgentRuntimeError =>
  new AgentRuntimeError('CONFLICT', `${dir} is no worktree of ${owner}`, {
    hint: 'findWorktree says whose it is',
    details: { reason: 'notOurs' },
  });
