import { open, readFile, rename, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { systemCode } from '@runtime/contracts';
import { ownerSchema, type Owner } from './owner.ts';

/**
 * The owner of the lock at this path according to `owner.json` beside it; undefined when the file is missing or
 * damaged.
 * The process may have died since: only `acquireLock` can prove that a lock is held or free. Opens only `owner.json`.
 */
export async function readOwner(path: string): Promise<Owner | undefined> {
  try {
    const parsed = ownerSchema.safeParse(JSON.parse(await readFile(ownerPath(path), 'utf8')));
    return parsed.success ? parsed.data : undefined;
  } catch (error) {
    // ENOTDIR: the directory is a file, so there is no lock in it.
    if (error instanceof SyntaxError || ['ENOENT', 'ENOTDIR'].includes(systemCode(error) ?? '')) return undefined;
    throw error;
  }
}

export async function writeOwner(path: string, owner: Owner): Promise<void> {
  const temporary = `${ownerPath(path)}.${process.pid}.tmp`;
  const file = await open(temporary, 'w', 0o600);
  try {
    await file.writeFile(`${JSON.stringify(owner)}\n`);
  } finally {
    await file.close();
  }
  await rename(temporary, ownerPath(path));
}

/** Removes the file of this owner. One that has lost its lock leaves the next owner's alone. */
export async function removeOwner(path: string, { pid, startedAt }: Owner): Promise<void> {
  const owner = await readOwner(path);
  if (owner && (owner.pid !== pid || owner.startedAt !== startedAt)) return;
  try {
    await unlink(ownerPath(path));
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
  }
}

function ownerPath(path: string): string {
  return join(dirname(path), 'owner.json');
}
