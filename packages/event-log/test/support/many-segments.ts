import { FaultFs, type DiskImage } from '@runtime/conformance/event-log';
import { openOn } from './fault-log.ts';

/** A closed log of several small segments. */
export async function manySegments(): Promise<DiskImage> {
  const fs = new FaultFs();
  const log = await openOn(fs);
  for (let n = 0; n < 60; n += 1)
    await log.append(`s${n % 4}`, [{ type: 'x', n }], { ack: n % 2 === 0 ? 'durable' : 'written' });
  await log.writeSnapshot('fold', { version: 'v1', position: 60, state: 'whole' });
  await log.close();
  return fs.image();
}
