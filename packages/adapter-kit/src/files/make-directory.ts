import { mkdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { systemCode } from '@runtime/contracts';

/**
 * Makes a directory with those above it that are missing, all with this mode; a directory that is there is left as it is.
 * Not `mkdir({ recursive: true })`, which never returns below `/proc`, where a directory exists and takes no entry.
 * Throws the system's error of the first step that fails, ENOTDIR where a file is in the way.
 */
export async function makeDirectory(directory: string, mode = 0o700): Promise<void> {
  const missing: string[] = [];
  for (let at = path.resolve(directory); !(await isDirectory(at)); at = path.dirname(at)) missing.unshift(at);
  for (const each of missing) {
    try {
      await mkdir(each, { mode });
    } catch (error) {
      // Another process was faster.
      if (systemCode(error) !== 'EEXIST' || !(await isDirectory(each))) throw error;
    }
  }
}

/** False when there is nothing. Throws for what is no directory, and when nobody can look. */
async function isDirectory(at: string): Promise<boolean> {
  try {
    if ((await stat(at)).isDirectory()) return true;
  } catch (error) {
    if (systemCode(error) === 'ENOENT' && at !== path.dirname(at)) return false;
    throw error;
  }
  throw Object.assign(new Error(`ENOTDIR: not a directory, mkdir '${at}'`), { code: 'ENOTDIR' });
}
