import { readdir, readlink } from 'node:fs/promises';
import { systemCode } from '@runtime/contracts';

/** A process that is in a directory. */
interface ProcessInside {
  readonly pid: number;
  /** By its working directory, its root, or a file that it has open. */
  readonly by: 'cwd' | 'root' | 'file';
}

/** What was found; `looked: false` where the system has no `/proc`. */
export interface ProcessesInside {
  readonly looked: boolean;
  readonly processes: readonly ProcessInside[];
}

/** Elsewhere there is no `/proc`. */
export const canLook = process.platform === 'linux';

const mostNamed = 20;

/**
 * The processes of this user that are in a directory, or have a file open: what they are in follows its renames.
 * Throws as the system where it has no descriptor for a look: that does not say that nobody is there.
 */
export async function processesIn(path: string): Promise<ProcessesInside> {
  if (!canLook) return { looked: false, processes: [] };
  const pids = await readdir('/proc').catch(unlessBlind);
  if (pids === undefined) return { looked: false, processes: [] };
  const processes: ProcessInside[] = [];
  for (const name of pids) {
    if (!/^\d+$/.test(name)) continue;
    const by = await placeOf(name, path);
    if (by !== undefined) processes.push({ pid: Number(name), by });
    if (processes.length === mostNamed) break;
  }
  return { looked: true, processes };
}

async function placeOf(pid: string, path: string): Promise<ProcessInside['by'] | undefined> {
  const isIn = async (link: string): Promise<boolean> => {
    const target = await readlink(`/proc/${pid}/${link}`).catch(unlessBlind);
    return target !== undefined && (target === path || target.startsWith(`${path}/`) || target === `${path} (deleted)`);
  };
  if (await isIn('cwd')) return 'cwd';
  if (await isIn('root')) return 'root';
  const open = await readdir(`/proc/${pid}/fd`).catch(unlessBlind);
  const found = await Promise.all((open ?? []).map((number) => isIn(`fd/${number}`)));
  return found.includes(true) ? 'file' : undefined;
}

/** One that has ended, or is of another user, shows nothing. */
function unlessBlind(error: unknown): undefined {
  if (['EMFILE', 'ENFILE', 'ENOMEM'].includes(systemCode(error) ?? '')) throw error;
}
