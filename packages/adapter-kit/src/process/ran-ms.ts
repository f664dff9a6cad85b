import { readFile } from 'node:fs/promises';
import type { CallOptions } from '@runtime/contracts';
import { findMarked } from './marked.ts';

/** USER_HZ, which is the same on every Linux that Node runs on. */
const ticksPerSecond = 100;

/**
 * How long the processes of a run have run on a processor so far, in ms: a program that starts slowly on a busy machine
 * gets on, one that hangs does not. Only those that still live count. 0 where there is no /proc.
 */
export async function ranMs(runId: string, options: CallOptions = {}): Promise<number> {
  const found = await findMarked(runId, options);
  const ticks = await Promise.all(found.map(({ pid }) => ranTicks(pid)));
  return (ticks.reduce((sum, each) => sum + each, 0) * 1000) / ticksPerSecond;
}

/** Fields 14 and 15 of /proc/<pid>/stat: in user mode and in the kernel. */
async function ranTicks(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => '');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return Number(fields[11] ?? 0) + Number(fields[12] ?? 0);
}
