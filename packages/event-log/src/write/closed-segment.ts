import { join } from 'node:path';
import { segmentName } from '../format/file-names.ts';
import type { LogFs } from '../fs/log-fs.ts';
import { SegmentLost } from './active-segment.ts';

/** How much of a segment counts, as the header of the next one says. */
export interface PreviousSegment {
  readonly segment: number;
  readonly end: number;
}

/**
 * Makes what counts of a segment durable, and cuts off the rest. Another process may still write behind that; it counts
 * for nothing.
 */
export async function sealSegment(fs: LogFs, dir: string, { segment, end }: PreviousSegment): Promise<void> {
  const file = await fs.open(join(dir, segmentName(segment)), 'write');
  try {
    const size = await file.size();
    if (size < end) throw new SegmentLost();
    if (size > end) await file.truncate(end);
    await file.sync();
  } finally {
    await file.close();
  }
}
