import { readFile } from 'node:fs/promises';
import { z } from 'zod';

/** Who holds a lock. In `owner.json`, for people and for `details.owner`; the lock itself is the truth. */
export const ownerSchema = z.looseObject({
  pid: z.number().int().positive(),
  /** Start time of the process in clock ticks since boot; with pid and boot id it names one process for ever. Linux only. */
  startTime: z.string().optional(),
  bootId: z.string().optional(),
  /** The log writer's number, once the log is open. */
  epoch: z.number().int().nonnegative().optional(),
  /** Where the holder can be spoken to. */
  socketPath: z.string().optional(),
  /** Unix ms of taking the lock. */
  startedAt: z.number(),
});
export type Owner = z.infer<typeof ownerSchema>;

/** What a holder may say of itself beside its process. */
export interface OwnerInfo {
  readonly epoch?: number;
  readonly socketPath?: string;
}

/** This process. */
export async function describeSelf(): Promise<Owner> {
  const [startTime, bootId] = await Promise.all([startTimeOf(process.pid), bootIdNow()]);
  return {
    pid: process.pid,
    ...(startTime === undefined ? {} : { startTime }),
    ...(bootId === undefined ? {} : { bootId }),
    startedAt: Date.now(),
  };
}

/** True unless it is certain that this process is gone. */
export async function mayBeAlive(owner: Owner): Promise<boolean> {
  const bootId = await bootIdNow();
  if (bootId === undefined || owner.bootId === undefined || owner.startTime === undefined) return true;
  return bootId === owner.bootId && (await startTimeOf(owner.pid)) === owner.startTime;
}

async function startTimeOf(pid: number): Promise<string | undefined> {
  const stat = await readText(`/proc/${pid}/stat`);
  // The command may hold spaces and brackets: count from the last bracket. Field 22 of the line.
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
}

async function bootIdNow(): Promise<string | undefined> {
  return (await readText('/proc/sys/kernel/random/boot_id'))?.trim();
}

/** Undefined where there is no /proc, or no such process. */
async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch {
    return undefined;
  }
}
