import { join } from 'node:path';
import { AgentRuntimeError } from '@runtime/contracts';
import { segmentName } from '../format/file-names.ts';
import { readFileUpTo, writeSynced } from '../fs/files.ts';
import type { LogFs } from '../fs/log-fs.ts';
import type { Problems } from '../state/problems.ts';
import type { Scan } from './scan-segment.ts';

/** What an interrupted write left on the disk after the last whole batch. */
export interface TornTail {
  /** The segment's number. */
  readonly number: number;
  /** Where the segment is to be cut; 0 when not even its header is whole: such a segment stays, and counts as empty. */
  readonly end: number;
  /** Where the last line ends that is not empty. */
  readonly contentEnd: number;
  readonly problem: string;
  /** Where the line begins that does not fit. */
  readonly offset: number;
}

/**
 * The torn tail of a segment; undefined when it is whole. Damage counts as a torn tail only in the last segment, and
 * only when no whole line after it says that the damaged bytes had been durable. Throws DATA_CORRUPT for any other
 * damage.
 */
export function tornTail(scan: Scan, number: number, isLast: boolean): TornTail | undefined {
  if (!scan.damage) return undefined;
  const { offset, problem } = scan.damage;
  if (!isLast || scan.claimed > scan.end) {
    throw new AgentRuntimeError('DATA_CORRUPT', `${segmentName(number)} is damaged at byte ${offset}: ${problem}`, {
      hint: 'whole lines follow, so this is no interrupted write; nothing was changed; restore the file from a copy',
      details: { file: segmentName(number), offset, problem },
    });
  }
  return { number, end: scan.end, contentEnd: scan.contentEnd, problem, offset };
}

/** Copies the torn tail into a `.broken` file of its own. Durable when it resolves. The segment is cut later. */
export async function setAside(fs: LogFs, dir: string, torn: TornTail, now: number, problems: Problems): Promise<void> {
  const file = segmentName(torn.number);
  if (torn.contentEnd <= torn.end) return;
  const name = `${file}.${torn.end}-${now}.broken`;
  await copyRange(fs, join(dir, file), join(dir, name), torn.end, torn.contentEnd);
  await fs.syncDir(dir);
  problems.add({ file, offset: torn.offset, problem: torn.problem, action: `set aside as ${name}` });
}

async function copyRange(fs: LogFs, from: string, to: string, start: number, end: number): Promise<void> {
  const bytes = await readFileUpTo(fs, from, end);
  await writeSynced(fs, to, bytes?.subarray(start) ?? new Uint8Array());
}
