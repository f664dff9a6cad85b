import { opendir } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode } from '@runtime/contracts';

/** Directories of a data directory in which something lies only after it was recorded in the log. */
const recorded = ['runs', 'artifacts'];

/** What proves, in words, that something was recorded in the log of this data directory; undefined for a new one. */
export async function runHistory(dataDir: string): Promise<string | undefined> {
  for (const name of recorded) {
    const path = join(dataDir, name);
    if (await hasEntry(path)) return `what lies in ${path}`;
  }
  return undefined;
}

async function hasEntry(path: string): Promise<boolean> {
  try {
    const dir = await opendir(path);
    try {
      return (await dir.read()) !== null;
    } finally {
      await dir.close();
    }
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(systemCode(error) ?? '')) return false;
    throw error;
  }
}
