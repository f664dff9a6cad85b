import { join } from 'node:path';
import { segmentName } from '../format/file-names.ts';
import type { LogFs } from '../fs/log-fs.ts';
import { SegmentLost } from './active-segment.ts';

/** How much of a segment counts, as the header of the next one says. */
export interface PreviousSegment {
  readonly segment: number;
  readonly end: number;
}

/** Makes what counts of a segment durable. What lies behind it counts for nothing, and stays. */
export async function syncSegment(fs: LogFs, dir: string, { segment, end }: PreviousSegment): Promise<void> {
  const file = await fs.open(join(dir, segmentName(segment)), 'write');
  try {
    if ((await file.size()) < end) throw new SegmentLost();
    await file.sync();
  } finally {
    await file.close();
  }
}

/**
 * Cuts off what does not count. Only once the header that says so is durable and the claim was seen after it: every later
 * opening finds that header. Before, one may have read more of the segment, and go by that.
 */
export async function cutSegment(fs: LogFs, dir: string, { segment, end }: PreviousSegment): Promise<void> {
  const file = await fs.open(join(dir, segmentName(segment)), 'write');
  try {
    if ((await file.size()) <= end) return;
    await file.truncate(end);
    await file.sync();
  } finally {
    await file.close();
  }
}
