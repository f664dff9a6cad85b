import { constants } from 'node:fs';
import { open, rename, unlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { jsonDepthExceeds, systemCode } from '@runtime/contracts';
import { lockFileAt } from './lock-file.ts';
import { ownerSchema, type Owner } from './owner.ts';

/** An owner writes a few hundred bytes, two levels deep. */
const maxBytes = 64 * 1024;
const maxDepth = 16;

/**
 * The owner of the lock at this path according to `owner.json` beside it; undefined when the file is missing, damaged,
 * may not be read, or is about another lock file than the one that is there, as in a copy of a directory.
 * The process may have died since: only `acquireLock` can prove that a lock is held or free. Opens only `owner.json`.
 */
export async function readOwner(path: string): Promise<Owner | undefined> {
  try {
    const text = await readSmallFile(ownerPath(path));
    if (text === undefined || jsonDepthExceeds(text, maxDepth)) return undefined;
    const owner = ownerSchema.safeParse(JSON.parse(text)).data;
    return owner?.lock === undefined || owner.lock === lockFileAt(path) ? owner : undefined;
  } catch (error) {
    // The file informs. Whatever is wrong with it (a link, no right to read it), the lock is the truth.
    if (error instanceof SyntaxError || systemCode(error) !== undefined) return undefined;
    throw error;
  }
}

/** Undefined for what no owner has written: something else than a file, or too large a one. */
async function readSmallFile(path: string): Promise<string | undefined> {
  // Opening a FIFO would wait for its writer.
  const file = await open(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
  try {
    const stat = await file.stat();
    return stat.isFile() && stat.size <= maxBytes ? await file.readFile('utf8') : undefined;
  } finally {
    await file.close();
  }
}

export async function writeOwner(path: string, owner: Owner): Promise<void> {
  const temporary = `${ownerPath(path)}.${process.pid}.tmp`;
  try {
    await writeFile(temporary, `${JSON.stringify(owner)}\n`, { mode: 0o600 });
    await rename(temporary, ownerPath(path));
  } catch (error) {
    // The failure says more than one of the removal.
    await unlink(temporary).catch(() => undefined);
    throw error;
  }
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
