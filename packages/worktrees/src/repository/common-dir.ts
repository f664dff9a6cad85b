import { join, resolve } from 'node:path';
import { readIfThere } from '../system/files.ts';

/** What the worktrees of a repository share, from the git directory of one of them. */
export async function commonDirOf(gitDir: string): Promise<string> {
  return resolve(gitDir, (await readIfThere(join(gitDir, 'commondir'))) ?? '.');
}
