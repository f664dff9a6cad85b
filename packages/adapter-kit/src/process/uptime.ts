import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { bootId } from './identity.ts';

/** A moment as a shell can tell it without a program: what /proc/uptime said. */
export const uptimeSchema = z.object({
  /** Seconds since the boot, with the time that the machine slept. */
  uptime: z.number().nonnegative(),
  bootId: z.string().min(1).max(100),
});

/** An uptime is cut off to hundredths of a second. */
const stepMs = 10;
/** What uptimes, the coarse times of files and two looks one after the other are apart. */
const nearMs = 100;

/**
 * A moment in Unix ms. `writtenAt` is when the file with it was written, by the file's own time: more precise, but
 * copies and restored backups have a time of their own, and then the uptime counts: to two hundredths of a second, and
 * never later than it was, since what ended in time is not to be called late. After another boot nothing else is known.
 */
export async function timeOfUptime(moment: z.infer<typeof uptimeSchema>, writtenAt: number): Promise<number> {
  if (moment.bootId !== (await bootId())) return writtenAt;
  // The clock first, and nothing between the two: the moment comes out earlier by what is.
  const now = Date.now();
  const agoMs = (readUptime() - moment.uptime) * 1000 + stepMs;
  if (!(agoMs >= 0)) return writtenAt;
  const seenAt = Math.floor(now - agoMs);
  return Math.abs(seenAt - writtenAt) <= nearMs ? writtenAt : seenAt;
}

/** Seconds; NaN where the system does not tell. */
function readUptime(): number {
  try {
    return Number.parseFloat(readFileSync('/proc/uptime', 'latin1'));
  } catch {
    return NaN;
  }
}
