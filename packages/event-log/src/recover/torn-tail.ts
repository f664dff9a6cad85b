import { join } from 'node:path';
import { AgentRuntimeError } from '@runtime/contracts';
import { segmentName } from '../format/file-names.ts';
import { readFileUpTo, writeSynced } from '../fs/files.ts';
import type { LogFs } from '../fs/log-fs.ts';
import type { Problems } from '../state/problems.ts';
import type { Scan } from './scan-segment.ts';

/** What is on the disk after the last whole batch. */
export interface TornTail {
  readonly number: number;
  /** Where the segment is to be cut; 0 when not even its header is whole. */
  readonly end: number;
  readonly contentEnd: number;
  readonly problem: string;
  readonly offset: number;
}

/** Damage is a torn write only in the last segment, and only when no whole line says that these bytes had been durable. */
export function tornTail(scan: Scan, number: number, isLast: boolean): TornTail | undefined {
  if (!scan.damage) return undefined;
  const { offset, problem } = scan.damage;
  if (!isLast || scan.claimed > scan.end) {
    throw new AgentRuntimeError('DATA_CORRUPT', `${segmentName(number)} is damaged at byte ${offset}: ${problem}`, {
      hint: 'what comes after is good, so this is no torn write: restore the file from a copy; nothing was changed',
      details: { file: segmentName(number), offset, problem },
    });
  }
  return { number, end: scan.end, contentEnd: scan.contentEnd, problem, offset };
}

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
  await writeSynced(fs, to, bytes?.subarray(start) ?? new Uint8Array());
}
