import { statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { idSchema } from '@runtime/contracts';
import { runMarker } from '@runtime/contracts/adapter';
import { runOfCgroup } from './cgroup.ts';
import { readEnviron, readStat } from './proc.ts';

/** Deeper than shells call one another. */
const maxAncestors = 64;

/**
 * The run that a process was called from, for one whose own environment no longer names it (`env -i`): the marker of
 * its nearest ancestor that has one, else the cgroup of a run that it is in.
 * Undefined where there is none, or none can be seen: without /proc, in a process of another user, after a double
 * fork out of a run without a cgroup. It never throws, since nothing depends on it but to be told sooner.
 *
 * @param pid @default this process
 */
export async function findCallingRun(pid: number = process.pid): Promise<string | undefined> {
  if (process.platform !== 'linux') return undefined;
  try {
    return (await markerAbove(pid)) ?? runOfCgroup(await readFile(`/proc/${pid}/cgroup`, 'latin1'));
  } catch {
    return undefined;
  }
}

async function markerAbove(pid: number): Promise<string | undefined> {
  const uid = process.geteuid?.();
  let parent = readStat(pid)?.parent ?? 0;
  for (let depth = 0; depth < maxAncestors && parent > 1; depth += 1) {
    const isOwn = statSync(`/proc/${parent}`, { throwIfNoEntry: false })?.uid === uid;
    const marker = isOwn ? markerIn(await readEnviron(parent)) : undefined;
    if (marker !== undefined) return marker;
    parent = readStat(parent)?.parent ?? 0;
  }
  return undefined;
}

function markerIn(environ: Buffer | undefined): string | undefined {
  const begin = `${runMarker}=`;
  const entry = environ
    ?.toString('latin1')
    .split('\0')
    .find((each) => each.startsWith(begin));
  return idSchema.safeParse(entry?.slice(begin.length)).data;
}
