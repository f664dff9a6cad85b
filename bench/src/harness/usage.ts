import { readdirSync, readFileSync } from 'node:fs';

/** USER_HZ, which is the same on every Linux that Node runs on. */
const ticksPerSecond = 100;

/** What a process has used so far. NaN where the system does not say. */
export interface Usage {
  /** Processor time of all its threads, in ms. */
  readonly ownMs: number;
  /** Of its children that ended and were waited for, with theirs, in ms. */
  readonly childrenMs: number;
  /** Bytes that it and those children handed to write calls. */
  readonly writtenBytes: number;
  /** How often a thread of it went to sleep, and so was woken. */
  readonly sleeps: number;
}

/** Of this process. Reads without an await, which would be a sleep of its own. */
export function usage(): Usage {
  const { user, system } = process.cpuUsage();
  const [stat, io] = [read('/proc/self/stat'), read('/proc/self/io')];
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return {
    ownMs: (user + system) / 1000,
    childrenMs: ((Number(fields[13]) + Number(fields[14])) * 1000) / ticksPerSecond,
    writtenBytes: numberAfter('wchar: ', io),
    sleeps: sleeps(),
  };
}

/** What was used between the two. */
export function used(before: Usage, after: Usage): Usage {
  return {
    ownMs: after.ownMs - before.ownMs,
    childrenMs: after.childrenMs - before.childrenMs,
    writtenBytes: after.writtenBytes - before.writtenBytes,
    sleeps: after.sleeps - before.sleeps,
  };
}

function sleeps(): number {
  let sum = 0;
  for (const thread of list('/proc/self/task')) {
    const status = read(`/proc/self/task/${thread}/status`);
    if (status !== '') sum += numberAfter('\nvoluntary_ctxt_switches:\t', status);
  }
  return sum > 0 ? sum : Number.NaN;
}

function list(dir: string): string[] {
  try {
    return readdirSync(dir);
  } catch {
    return [];
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return '';
  }
}

function numberAfter(label: string, text: string): number {
  const at = text.indexOf(label);
  return at < 0 ? Number.NaN : Number.parseInt(text.slice(at + label.length), 10);
}
