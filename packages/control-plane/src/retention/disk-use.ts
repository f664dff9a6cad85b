import type { Stats } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode } from '@runtime/contracts';

const gone: ReadonlySet<string | undefined> = new Set(['ENOENT', 'ENOTDIR', 'EACCES', 'EPERM']);
const blockBytes = 512;

/**
 * The bytes that a file, or a directory with all that is in it, takes on the disk; 0 for what is not there. Links are not
 * followed. What comes and goes meanwhile counts or does not.
 */
export async function diskUse(path: string, signal?: AbortSignal): Promise<number> {
  let bytes = 0;
  const left = [path];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    signal?.throwIfAborted();
    const found = await orGone(() => lstat(next ?? ''));
    if (!found) continue;
    bytes += usedBy(found);
    if (!found.isDirectory()) continue;
    for (const name of (await orGone(() => readdir(next ?? ''))) ?? []) left.push(join(next, name));
  }
  return bytes;
}

/** Where the system counts blocks, a file with holes is as small as it is. */
const usedBy = ({ blocks, size }: Stats): number => (blocks > 0 || size === 0 ? blocks * blockBytes : size);

async function orGone<T>(look: () => Promise<T>): Promise<T | undefined> {
  try {
    return await look();
  } catch (error) {
    if (gone.has(systemCode(error))) return undefined;
    throw error;
  }
}
