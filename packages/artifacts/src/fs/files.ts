import { systemCode } from '@runtime/contracts';
import type { StoreFile, StoreFs } from './store-fs.ts';

/** Writes all bytes, with as many calls as that takes. */
export async function writeFully(file: StoreFile, bytes: Uint8Array, position: number): Promise<void> {
  for (let written = 0; written < bytes.byteLength;) {
    const count = await file.write(written === 0 ? bytes : bytes.subarray(written), position + written);
    if (count <= 0) throw Object.assign(new Error('the file takes no more bytes'), { code: 'ENOSPC' });
    written += count;
  }
}

/** Fills `into` as far as the file goes, and resolves with the number of bytes. */
export async function readFully(file: Pick<StoreFile, 'read'>, into: Uint8Array, position: number): Promise<number> {
  let filled = 0;
  while (filled < into.byteLength) {
    const count = await file.read(filled === 0 ? into : into.subarray(filled), position + filled);
    if (count === 0) break;
    filled += count;
  }
  return filled;
}

/** Undefined in place of an ENOENT. */
export async function ifThere<T>(result: Promise<T>): Promise<T | undefined> {
  try {
    return await result;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** The names in the directory; empty when there is no directory. */
export const listIfThere = async (fs: StoreFs, path: string): Promise<string[]> => (await ifThere(fs.list(path))) ?? [];
