import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { bootId } from './identity.ts';

/** A moment as a shell can tell it without a program: what /proc/uptime said. */
export const uptimeSchema = z.object({
  /** Seconds since the boot, with the time that the machine slept. */
  uptime: z.number().nonnegative(),
  bootId: z.string().min(1).max(100),
});

/** What uptimes in hundredths of a second, the coarse times of files and two looks one after the other are apart. */
const nearMs = 100;

/**
 * A moment in Unix ms. `writtenAt` is when the file with it was written, by the file's own time: more precise, but
 * copies and restored backups have a time of their own, and then the uptime counts. After another boot nothing else is
 * known.
 */
export async function timeOfUptime(moment: z.infer<typeof uptimeSchema>, writtenAt: number): Promise<number> {
  if (moment.bootId !== (await bootId())) return writtenAt;
  const [seconds] = (await readFile('/proc/uptime', 'latin1').catch(() => '')).split(' ');
  const agoMs = (Number(seconds || 'NaN') - moment.uptime) * 1000;
  if (!(agoMs >= -nearMs)) return writtenAt;
  const seenAt = Math.round(Date.now() - agoMs);
  return Math.abs(seenAt - writtenAt) <= nearMs ? writtenAt : seenAt;
}
