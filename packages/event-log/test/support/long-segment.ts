import { FaultFs, type DiskImage } from '@runtime/conformance/event-log';
import { openOn } from './fault-log.ts';

/** More than half of a segment is long; nothing is written ahead, so that a segment has its length at once. */
export const longOptions = { segmentBytes: 100_000, preallocateBytes: 0 };

/** A closed log of one long segment: 200 events of 50 streams. */
export async function longSegment(): Promise<DiskImage> {
  const fs = new FaultFs();
  const log = await openOn(fs, longOptions);
  for (let n = 0; n < 200; n += 1) await log.append(`s${n % 50}`, [{ type: 'x', n, pad: 'x'.repeat(200) }]);
  await log.close();
  return fs.image();
}
