import { join } from 'node:path';
import { systemCode } from '@runtime/contracts';
import type { LogFile, LogFs } from './log-fs.ts';

const noRoom: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

/** A write that failed before all of its bytes were out. The first `written` bytes are in the file. */
export class WriteFailure extends Error {
  readonly written: number;

  constructor(written: number, cause: unknown) {
    super(`wrote only ${written} bytes`, { cause });
    this.written = written;
  }
}

/** True when there was no room on the disk or in the file, also for a `WriteFailure` with that cause. */
export function isFull(error: unknown): boolean {
  return noRoom.has(systemCode(error instanceof WriteFailure ? error.cause : error) ?? '');
}

/** Writes all bytes, with as many calls as that takes. Throws WriteFailure. */
export async function writeFully(file: LogFile, bytes: Uint8Array, position: number): Promise<void> {
  let written = 0;
  while (written < bytes.byteLength) {
    try {
      const count = await file.write(written === 0 ? bytes : bytes.subarray(written), position + written);
      if (count <= 0) throw Object.assign(new Error('the file takes no more bytes'), { code: 'ENOSPC' });
      written += count;
    } catch (error) {
      throw new WriteFailure(written, error);
    }
  }
}

/** Up to `limit` bytes from the start of the file; undefined when there is no file. */
export async function readFileUpTo(fs: LogFs, path: string, limit = Infinity): Promise<Buffer | undefined> {
  const file = await openIfThere(fs, path);
  if (!file) return undefined;
  try {
    const bytes = Buffer.alloc(Math.min(await file.size(), limit));
    let filled = 0;
    while (filled < bytes.length) {
      const count = await file.read(bytes.subarray(filled), filled);
      if (count === 0) break;
      filled += count;
    }
    return bytes.subarray(0, filled);
  } finally {
    await file.close();
  }
}

/** Opens the file for reading; undefined when there is no file. */
export async function openIfThere(fs: LogFs, path: string): Promise<LogFile | undefined> {
  try {
    return await fs.open(path, 'read');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** The names in the directory; empty when there is no directory. */
export async function listIfThere(fs: LogFs, path: string): Promise<string[]> {
  try {
    return await fs.list(path);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return [];
    throw error;
  }
}

/** Writes the whole file. Its bytes are durable when this resolves; its name needs a `syncDir`. */
export async function writeSynced(fs: LogFs, path: string, bytes: Uint8Array): Promise<void> {
  const file = await fs.open(path, 'write');
  try {
    await file.truncate(0);
    await writeFully(file, bytes, 0);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Removes the file, if there is one. */
export async function removeIfThere(fs: LogFs, path: string): Promise<void> {
  try {
    await fs.remove(path);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
  }
}

/**
 * Replaces the whole file by way of a temporary one: after a crash the file has either all new bytes or its old ones.
 * Durable when it resolves. Calls for the same name must not overlap.
 */
export async function writeAtomically(fs: LogFs, dir: string, name: string, bytes: Uint8Array): Promise<void> {
  const temporary = join(dir, `.${name}.tmp`);
  await writeSynced(fs, temporary, bytes);
  await fs.rename(temporary, join(dir, name));
  await fs.syncDir(dir);
}
