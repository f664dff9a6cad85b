import { readFile, stat } from 'node:fs/promises';
import { listPids } from './proc.ts';

/** The first process of a run. Whatever the run started later is younger. */
export interface RunBeginning {
  readonly pid: number;
  readonly startTime: string;
  /** `readForks` from before it was started. Without it the pids of the run cannot be bounded. */
  readonly forks?: number | undefined;
}

/** Pids at which a process of a run may be. */
export interface PidsToLookAt {
  readonly pids: readonly number[];
  /** The last pid that was given out, where `pids` are bounded by it. */
  readonly upTo?: number;
  /** The pids are numbers to try, and not those of processes that are there: they may be threads, or nothing. */
  readonly areTried: boolean;
}

/** Up to this many pids are tried one by one; beyond it the list of all processes costs less. */
const maxTried = 1000;
/** The kernel does not give out these again. */
const reservedPids = 300;

let genuine: Promise<boolean> | undefined;

/** False where a container shows counters of its own in place of the kernel's (lxcfs mounts files over them). */
function areGenuine(): Promise<boolean> {
  genuine ??= Promise.all(
    ['/proc/self/stat', '/proc/stat', '/proc/loadavg'].map(async (file) => (await stat(file)).dev),
  )
    .then((devices) => new Set(devices).size === 1)
    .catch(() => false);
  return genuine;
}

/** How many processes and threads were started since the boot; undefined where the system does not count them. */
export async function readForks(): Promise<number | undefined> {
  if (process.platform !== 'linux' || !(await areGenuine())) return undefined;
  return numberIn('/proc/stat', /^processes (\d+)$/m);
}

async function numberIn(file: string, pattern: RegExp): Promise<number | undefined> {
  const [, digits] = pattern.exec(await readFile(file, 'latin1').catch(() => '')) ?? [];
  return digits === undefined ? undefined : Number(digits);
}

/** Inclusive. */
interface Range {
  readonly from: number;
  readonly to: number;
}

/**
 * The pids that were given out after `after`, by default the run's first. The kernel gives them in order, so no other
 * process can be of the run: what a look costs grows with what was started since, not with what there is.
 * All pids of the machine where that cannot be proven: nothing is known of the beginning, or so much was started since
 * that a pid may have been given out twice.
 */
export async function youngPids(beginning: RunBeginning | undefined, after?: number): Promise<PidsToLookAt> {
  const last = await lastSince(beginning);
  const first = after ?? beginning?.pid;
  if (last === undefined || first === undefined) return { pids: await listPids(), areTried: false };
  const ranges = rangesBetween(first, last);
  const size = ranges.reduce((sum, { from, to }) => sum + Math.max(0, to - from + 1), 0);
  if (size <= maxTried) return { pids: ranges.flatMap(numbers), upTo: last.pid, areTried: true };
  const isYoung = (pid: number): boolean => ranges.some(({ from, to }) => pid >= from && pid <= to);
  return { pids: (await listPids()).filter(isYoung), upTo: last.pid, areTried: false };
}

/** True when no pid was given out twice since the run's beginning: a number that was its session's still is. */
export async function isBounded(beginning: RunBeginning): Promise<boolean> {
  return (await lastSince(beginning)) !== undefined;
}

interface LastPid {
  readonly pid: number;
  readonly highest: number;
}

/** The last pid that was given out; undefined where the pids may have come round since the run's beginning. */
async function lastSince(beginning: RunBeginning | undefined): Promise<LastPid | undefined> {
  if (beginning?.forks === undefined) return undefined;
  const [forks, highest, load] = await Promise.all([
    readForks(),
    numberIn('/proc/sys/kernel/pid_max', /^(\d+)/),
    readFile('/proc/loadavg', 'latin1').catch(() => ''),
  ]);
  const [, threads, pid] = /\d+\/(\d+) (\d+)\s*$/.exec(load) ?? [];
  if (forks === undefined || highest === undefined || threads === undefined || pid === undefined) return undefined;
  const started = forks - beginning.forks;
  // Pids that are in use are passed over.
  const isBelowOneRound = started >= 0 && started + Number(threads) < highest - reservedPids;
  return isBelowOneRound ? { pid: Number(pid), highest } : undefined;
}

function rangesBetween(after: number, { pid, highest }: LastPid): Range[] {
  if (pid >= after) return [{ from: after + 1, to: pid }];
  return [
    { from: after + 1, to: highest },
    { from: reservedPids, to: pid },
  ];
}

function numbers({ from, to }: Range): number[] {
  return Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => from + index);
}
