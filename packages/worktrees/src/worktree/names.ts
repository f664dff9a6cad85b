import { createHash } from 'node:crypto';
import { basename, dirname, join } from 'node:path';

const beside = (dir: string, what: string, of: string): string => {
  const mark = createHash('sha256').update(of).digest('hex').slice(0, 10);
  return join(dirname(dir), `${basename(dir)}.runtime-${what}-${mark}`);
};

/**
 * In it a worktree is made, until it is whole: nobody was told of it, so whatever is there may go. A directory around it,
 * because git calls what it keeps of a worktree by the last part of its path.
 */
export const addingDir = (dir: string, owner: string): string => beside(dir, 'adding', owner);
/** Where a worktree stands while it is looked at for the last time. */
export const asideDir = (dir: string, gitDir: string): string => beside(dir, 'aside', gitDir);
/** Where a worktree stands of which everything is kept: whatever is there may go. */
export const deletingDir = (dir: string, gitDir: string): string => beside(dir, 'deleting', gitDir);
