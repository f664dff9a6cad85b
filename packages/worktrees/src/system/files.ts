import type { Stats } from 'node:fs';
import { lstat, open, readFile, rename, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
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

/** The file has the old text or the new one, whenever its reader comes. */
export async function replaceFile(path: string, text: string): Promise<void> {
  const file = await open(`${path}.tmp`, 'w', 0o644);
  try {
    await file.writeFile(text);
    await file.datasync();
  } finally {
    await file.close();
  }
  await rename(`${path}.tmp`, path);
}

/** Renames a directory beside itself; durable when this resolves. */
export async function moveDir(from: string, to: string): Promise<void> {
  await rename(from, to);
  if (process.platform === 'win32') return;
  const parent = await open(dirname(to), 'r');
  try {
    await parent.sync();
  } finally {
    await parent.close();
  }
}
