import { join } from 'node:path';
import { readFileUpTo, writeFully } from '../fs/files.ts';
import { segmentName } from '../format/records.ts';
import type { LogFs } from '../fs/log-fs.ts';
import type { TornTail } from './load-log.ts';
import type { Problems } from '../state/problems.ts';

/**
 * Copies what follows the last whole batch aside, into a `.broken` file of its own. The segment itself is cut by whoever goes on writing it;
 * one without a whole header is removed. Durable when it resolves.
 */
export async function setAside(fs: LogFs, dir: string, torn: TornTail, now: number, problems: Problems): Promise<void> {
  const file = segmentName(torn.number);
  if (torn.contentEnd > torn.end) {
    const name = `${file}.${torn.end}-${now}.broken`;
    await copyRange(fs, join(dir, file), join(dir, name), torn.end, torn.contentEnd);
    await fs.syncDir(dir);
    problems.add({ file, offset: torn.offset, problem: torn.problem, action: `set aside as ${name}` });
  }
  if (torn.end > 0) return;
  await fs.remove(join(dir, file));
  await fs.syncDir(dir);
}

async function copyRange(fs: LogFs, from: string, to: string, start: number, end: number): Promise<void> {
  const bytes = await readFileUpTo(fs, from, end);
  const copy = await fs.open(to, 'write');
  try {
    await copy.truncate(0);
    await writeFully(copy, bytes?.subarray(start) ?? new Uint8Array(), 0);
    await copy.sync();
  } finally {
    await copy.close();
  }
}
