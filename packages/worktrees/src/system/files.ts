import type { Stats } from 'node:fs';
import { lstat, open, readdir, readFile, rename, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { systemCode } from '@runtime/contracts';

const isAbsence = (error: unknown): boolean => ['ENOENT', 'ENOTDIR'].includes(systemCode(error) ?? '');

/** The text of a file without its last line feed; undefined when there is none. */
export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return (await readFile(path, 'utf8')).replace(/\n$/, '');
  } catch (error) {
    if (isAbsence(error)) return undefined;
    throw error;
  }
}

/** What is there, links not followed. */
export async function statIfThere(path: string | Buffer): Promise<Stats | undefined> {
  try {
    return await lstat(path);
  } catch (error) {
    if (isAbsence(error)) return undefined;
    throw error;
  }
}

export const isThere = async (path: string | Buffer): Promise<boolean> => (await statIfThere(path)) !== undefined;

export async function unlinkIfThere(path: string): Promise<void> {
  await unlink(path).catch((error: unknown) => {
    if (!isAbsence(error)) throw error;
  });
}

/** The file has the old text or the new one, whenever its reader comes, and the new one for good when this resolves. */
export async function replaceFile(path: string, text: string): Promise<void> {
  const file = await open(`${path}.tmp`, 'w', 0o644);
  try {
    await file.writeFile(text);
    await file.datasync();
  } finally {
    await file.close();
  }
  await rename(`${path}.tmp`, path);
  await syncDir(dirname(path));
}

/** Renames a directory beside itself; durable when this resolves. */
export async function moveDir(from: string, to: string): Promise<void> {
  await rename(from, to);
  await syncDir(dirname(to));
}

/** Makes a file durable, or a directory and all that is in it; no link is followed. */
export async function syncTree(path: string): Promise<void> {
  const found = await statIfThere(path);
  if (found?.isDirectory()) {
    await Promise.all((await readdir(path)).map((name) => syncTree(join(path, name))));
    await syncDir(path);
  } else if (found?.isFile()) {
    const file = await open(path, 'r+');
    try {
      await file.datasync();
    } finally {
      await file.close();
    }
  }
}

/** Makes the names in a directory durable. One that is not there has none. */
export async function syncDir(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const dir = await open(path, 'r').catch((error: unknown) => {
    if (!isAbsence(error)) throw error;
  });
  try {
    await dir?.sync();
  } finally {
    await dir?.close();
  }
}
