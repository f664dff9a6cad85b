import { lstat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { systemCode } from '@runtime/contracts';

/** The name of the configuration file. */
const configFileName = 'runtime.config.json';

/** The directories to search, nearest first: from `cwd` upwards to `home`, which is included, or to the root. */
export function configSearchPath(cwd: string, home: string): string[] {
  const directories: string[] = [];
  for (let directory = resolve(cwd); ; directory = dirname(directory)) {
    directories.push(directory);
    if (directory === resolve(home) || dirname(directory) === directory) return directories;
  }
}

/**
 * The path of the nearest configuration file, or undefined. One that is there counts, whether or not it can be read:
 * the runtimes, approvals and limits of another one would be a surprise.
 */
export async function findConfigFile(cwd: string, home: string): Promise<string | undefined> {
  for (const directory of configSearchPath(cwd, home)) {
    const path = join(directory, configFileName);
    if (await isThere(path)) return path;
  }
  return undefined;
}

/** A link is there, wherever it leads. */
async function isThere(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    // Whatever keeps us from looking keeps us from reading, too, and is told then.
    return !['ENOENT', 'ENOTDIR'].includes(systemCode(error) ?? '');
  }
}
