import { readFile } from 'node:fs/promises';
import { systemCode } from '@runtime/contracts';
import { z } from 'zod';

/** The process that holds a lock. In `owner.json`, for people and for `details.owner`; the lock itself is the truth. */
export const ownerSchema = z.looseObject({
  pid: z.number().int().positive(),
  /**
   * Start of the process in clock ticks since boot; with pid and boot id it identifies one process for ever. Linux
   * only.
   */
  startTime: z.string().optional(),
  /** The id of this boot of the machine. Linux only. */
  bootId: z.string().optional(),
  /** The file that is locked, `<dev>:<ino>`: in a copy of the directory the record names nobody. */
  lock: z.string().optional(),
  /** The epoch of the log's writer, once the log is open. */
  epoch: z.number().int().nonnegative().optional(),
  /** The socket that the process serves. */
  socketPath: z.string().optional(),
  /** The process lets go of the lock by itself, in a moment. */
  brief: z.boolean().optional(),
  /** When the lock was taken, in Unix ms. */
  startedAt: z.number(),
});
/** The process that holds a lock, as `owner.json` names it. */
export type Owner = z.infer<typeof ownerSchema>;

/** What `owner.json` can say of an owner beside its process. */
export interface OwnerInfo {
  /** The epoch of the log's writer; the log adds it by itself. */
  readonly epoch?: number;
  /** The socket that the process serves: other processes that find the lock held are sent there. */
  readonly socketPath?: string;
  /** Whether the process lets go of the lock by itself, in a moment: others that need it wait. @default false */
  readonly brief?: boolean;
}

/** This process as an owner. */
export async function describeSelf(): Promise<Owner> {
  const [startTime, bootId] = await Promise.all([startTimeOf(process.pid), bootIdNow()]);
  return {
    pid: process.pid,
    ...(startTime === undefined ? {} : { startTime }),
    ...(bootId === undefined ? {} : { bootId }),
    startedAt: Date.now(),
  };
}

/**
 * True unless the process is certain to be gone. Where there is no start time, a process that has its pid by now counts.
 */
export async function mayBeAlive(owner: Owner): Promise<boolean> {
  const bootId = await bootIdNow();
  if (bootId === undefined || owner.bootId === undefined || owner.startTime === undefined) return isThere(owner.pid);
  return bootId === owner.bootId && (await startTimeOf(owner.pid)) === owner.startTime;
}

/** EPERM: it is another user's. */
function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return systemCode(error) === 'EPERM';
  }
}

async function startTimeOf(pid: number): Promise<string | undefined> {
  const stat = await readText(`/proc/${pid}/stat`);
  // Field 22, counted from the last bracket, because the command may contain spaces and brackets.
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
