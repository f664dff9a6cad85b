import { access } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

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

/** The path of the nearest configuration file, or undefined. */
export async function findConfigFile(cwd: string, home: string): Promise<string | undefined> {
  for (const directory of configSearchPath(cwd, home)) {
    const path = join(directory, configFileName);
    const found = await access(path).then(
      () => true,
      () => false,
    );
    if (found) return path;
  }
  return undefined;
}
