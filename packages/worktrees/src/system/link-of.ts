import { join, resolve } from 'node:path';
import { systemCode } from '@runtime/contracts';
import { readIfThere } from './files.ts';

/** The git directory that the `.git` file of a worktree names. */
export async function linkOf(dir: string): Promise<string | undefined> {
  const text = await readIfThere(join(dir, '.git')).catch((error: unknown) => {
    // A repository of its own.
    if (systemCode(error) === 'EISDIR') return undefined;
    throw error;
  });
  const link = /^gitdir: ([^]+)$/.exec(text ?? '')?.[1];
  return link === undefined ? undefined : resolve(dir, link);
}
