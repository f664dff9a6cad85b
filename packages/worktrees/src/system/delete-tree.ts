import { chmod, lstat, readdir, rm, unlink } from 'node:fs/promises';
import { systemCode } from '@runtime/contracts';

/** Removes a directory with all that is in it. Links are removed, never followed. Nothing there is fine. */
export async function deleteTree(dir: string): Promise<void> {
  const found = await lstat(dir).catch(() => undefined);
  if (found === undefined) return;
  if (!found.isDirectory()) return unlink(dir);
  try {
    await rm(dir, { recursive: true, force: true, maxRetries: 3 });
  } catch (error) {
    if (!['EACCES', 'EPERM', 'ENOTEMPTY'].includes(systemCode(error) ?? '')) throw error;
    // Some tools make the directories of their caches read-only.
    await makeWritable(Buffer.from(dir));
    await rm(dir, { recursive: true, force: true, maxRetries: 3 });
  }
}

async function makeWritable(dir: Buffer): Promise<void> {
  await chmod(dir, 0o700);
  for (const entry of await readdir(dir, { withFileTypes: true, encoding: 'buffer' })) {
    if (entry.isDirectory()) await makeWritable(Buffer.concat([dir, Buffer.from('/'), entry.name]));
  }
}
