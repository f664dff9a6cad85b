import { randomBytes } from 'node:crypto';
import { open, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';

export const megabyte = 1024 * 1024;

/** A file of random bytes of this size, beside the directories of all contenders; made once. */
export async function largeFile(dir: string, megabytes: number): Promise<string> {
  const path = join(dirname(dir), `large-${megabytes}`);
  const found = await stat(path).catch(() => undefined);
  if (found?.size === megabytes * megabyte) return path;
  const file = await open(path, 'w');
  for (let written = 0; written < megabytes; written += 1) await file.write(randomBytes(megabyte));
  await file.sync();
  await file.close();
  return path;
}

/** Contents of this size that nobody has stored before. */
export const smallContents = (count: number, bytes: number): Buffer[] =>
  Array.from({ length: count }, () => randomBytes(bytes));

/** Runs over the items, so many at a time. */
export async function eachOf<T>(items: readonly T[], atOnce: number, work: (item: T) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let item = items[next++]; item !== undefined; item = items[next++]) await work(item);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}
