import { join } from 'node:path';
import { segmentName, segmentNumbers } from '../format/file-names.ts';
import { listIfThere, openIfThere } from '../fs/files.ts';
import type { LogFs } from '../fs/log-fs.ts';
import { headerIn } from './header-in.ts';

const maxTries = 8;

/**
 * Reads a log that another process may be writing anew meanwhile: what fails is read once more for as long as segments
 * become others under the reader. `isFlawed` tells of a result that it is as good as a failure.
 */
export async function besideRewrites<T>(
  fs: LogFs,
  dir: string,
  read: () => Promise<T>,
  isFlawed: (result: T) => boolean = () => false,
): Promise<T> {
  // Most readings succeed, and pay nothing.
  let before: string | undefined;
  for (let tries = 1; ; tries += 1) {
    try {
      const result = await read();
      if (!isFlawed(result)) return result;
      if (tries === maxTries || !(await hasChanged())) return result;
    } catch (error) {
      if (tries === maxTries || !(await hasChanged())) throw error;
    }
  }

  async function hasChanged(): Promise<boolean> {
    const seen = before;
    before = await segmentsIn(fs, dir);
    return before !== seen;
  }
}

/** Which segments there are, and how often each was rewritten. */
async function segmentsIn(fs: LogFs, dir: string): Promise<string> {
  const seen: string[] = [];
  for (const number of segmentNumbers(await listIfThere(fs, dir))) {
    const file = await openIfThere(fs, join(dir, segmentName(number)));
    if (!file) continue;
    try {
      seen.push(`${number}.${(await headerIn(file))?.rewrites ?? 0}`);
    } finally {
      await file.close();
    }
  }
  return seen.join(' ');
}
