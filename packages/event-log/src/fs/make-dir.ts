import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { systemCode } from '@runtime/contracts';

/**
 * Makes a directory (0700) and those above it that are missing, unless `parents` is false. Not `mkdir({ recursive: true })`, which never returns
 * below `/proc`, where a directory exists and takes no entry.
 */
export async function makeDir(
  path: string,
  { parents }: { readonly parents: boolean } = { parents: true },
): Promise<void> {
  if (await isDirectory(path)) return;
  const parent = dirname(path);
  if (parents && parent !== path && !(await isDirectory(parent))) await makeDir(parent);
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (error) {
    // Another process was faster.
    if (systemCode(error) !== 'EEXIST' || !(await isDirectory(path))) throw error;
  }
}

const isDirectory = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
