import { readdir, rm, stat } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';

const prefix = 'runtime-index-';
const abandonedMs = 24 * 60 * 60 * 1000;

/** Calls with the path of an index that is not the agent's, and removes it afterwards. */
export async function withTemporaryIndex<T>(gitDir: string, use: (path: string) => Promise<T>): Promise<T> {
  await removeAbandoned(gitDir);
  const path = join(gitDir, `${prefix}${randomUUID()}`);
  try {
    return await use(path);
  } finally {
    await rm(path, { force: true });
    await rm(`${path}.lock`, { force: true });
  }
}

/** Those of processes that were killed. */
async function removeAbandoned(gitDir: string): Promise<void> {
  for (const name of await readdir(gitDir)) {
    if (!name.startsWith(prefix)) continue;
    const found = await stat(join(gitDir, name)).catch(() => undefined);
    if (found !== undefined && Date.now() - found.mtimeMs > abandonedMs) await rm(join(gitDir, name), { force: true });
  }
}
