import { readFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { listPids, nodeOf, readStat, type ProcStat } from './proc.ts';

/** A process, and when it was started: clock ticks after boot. */
interface Start {
  readonly ino: number;
  readonly ctimeMs: number;
  readonly ticks: number;
}

/** Of the processes that were there at the last list: what is older than a run is read once, and not at each end. */
let starts = new Map<number, Start>();

/** All pids there are. What is not among them is forgotten. */
export async function listProcesses(): Promise<number[]> {
  const pids = await listPids();
  const kept = new Map<number, Start>();
  for (const pid of pids) {
    const start = starts.get(pid);
    if (start) kept.set(pid, start);
  }
  starts = kept;
  return pids;
}

/**
 * What /proc says of a process that was not started before `since`; 'older' of one that was, and undefined of one that
 * is gone. No process of a run is older than the run's first one, whatever its pid: pids come round, and forks that fail
 * turn them uncounted.
 */
export function readYounger(pid: number, since: string | undefined): ProcStat | 'older' | undefined {
  // Before the look: should the pid change hands in between, what is remembered fits no process.
  const node = nodeOf(pid);
  const known = starts.get(pid);
  const isKnown = known && known.ino === node?.ino && known.ctimeMs === node.ctimeMs;
  if (isKnown && isBefore(known, since)) return 'older';
  const found = readStat(pid);
  if (!found || !node) return found;
  const start = { ino: node.ino, ctimeMs: node.ctimeMs, ticks: Number(found.startTime) };
  starts.set(pid, start);
  return isBefore(start, since) ? 'older' : found;
}

function isBefore({ ticks }: Start, since: string | undefined): boolean {
  return since !== undefined && ticks < Number(since);
}

let genuine: Promise<boolean> | undefined;

/** False where a container shows counters of its own in place of the kernel's (lxcfs mounts files over them). */
function areGenuine(): Promise<boolean> {
  genuine ??= Promise.all(['/proc/self/stat', '/proc/stat'].map(async (file) => (await stat(file)).dev))
    .then((devices) => new Set(devices).size === 1)
    .catch(() => false);
  return genuine;
}

/**
 * How many processes and threads were started since the boot; undefined where the system does not count them. Between
 * two equal counts none was started.
 */
export async function readForks(): Promise<number | undefined> {
  if (process.platform !== 'linux' || !(await areGenuine())) return undefined;
  const [, digits] = /^processes (\d+)$/m.exec(readStatistics()) ?? [];
  return digits === undefined ? undefined : Number(digits);
}

/** Synchronous on purpose: what is started between the count and the list makes the list worth less. */
function readStatistics(): string {
  try {
    return readFileSync('/proc/stat', 'latin1');
  } catch {
    return '';
  }
}
