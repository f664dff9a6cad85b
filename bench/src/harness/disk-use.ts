import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** What is in a directory. */
export interface DiskUse {
  /** Files and directories. */
  readonly entries: number;
  /** Of the blocks that they take. */
  readonly bytes: number;
}

export async function diskUse(dir: string): Promise<DiskUse> {
  let entries = 0;
  let bytes = 0;
  for (const name of await readdir(dir, { recursive: true })) {
    const node = await lstat(join(dir, name)).catch(() => undefined);
    if (!node) continue;
    entries += 1;
    bytes += node.blocks * 512;
  }
  return { entries, bytes };
}
