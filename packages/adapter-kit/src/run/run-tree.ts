import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { LeakedProcess } from '@runtime/contracts/adapter';
import { cgroupMount, cgroupName, cgroupPath, isCgroup } from '../process/cgroup.ts';
import { isAlive, type ProcessIdentity } from '../process/identity.ts';
import type { KillTreeOptions } from '../process/kill-tree.ts';
import { readTail } from '../files/read-tail.ts';
import { runPaths, type RunPlace } from './run-paths.ts';
import type { HolderRecord } from './run-record.ts';

/** More of them say nothing more. */
const maxLeaked = 20;

/** Where a holder may make a cgroup for its run; empty where there is no such place. */
export async function cgroupPlace({ runId }: Pick<RunPlace, 'runId'>): Promise<string> {
  return (cgroupName(runId) === undefined ? undefined : await cgroupMount()) ?? '';
}

/**
 * Makes the cgroup that the holder of a run will look for, which saves it a program, and resolves with its path. What
 * cannot be made here the holder tries by itself. The path is written down first: whoever reaps the run finds what a
 * crash leaves.
 */
export async function prepareCgroup({ runId, runDir }: RunPlace, mount: string): Promise<string | undefined> {
  const directory = await cgroupPath(mount, runId);
  if (directory === undefined) return undefined;
  try {
    await writeFile(runPaths(runDir).cgroup, `${directory}\n`, { flag: 'wx', mode: 0o600 });
    await mkdir(directory);
    return directory;
  } catch {
    return undefined;
  }
}

/** Where the processes of a run are, for `killTree`, from what its holder recorded. */
export async function treeOf(place: RunPlace, record: HolderRecord | undefined): Promise<RunTree> {
  const cgroup = await readCgroupPath(place);
  const tree = { runId: place.runId, ...(cgroup === undefined ? {} : { cgroup }) };
  if (!record) return tree;
  const { pgid, ...agent } = record.agent;
  const { stdout, stderr } = runPaths(place.runDir);
  const pipes = ['.stdout', '.stderr'].map((name) => path.join(place.runDir, name));
  return { ...tree, pgid, identities: [agent], beginning: record.holder, outputs: [stdout, stderr, ...pipes] };
}

/** Where the processes of a run are. */
export type RunTree = Pick<KillTreeOptions, 'runId' | 'pgid' | 'identities' | 'beginning' | 'cgroup' | 'outputs'>;

/** Processes that a run left, as its exit carries them. */
export async function describeLeaked(strays: readonly ProcessIdentity[]): Promise<readonly LeakedProcess[]> {
  const found: LeakedProcess[] = [];
  const seen = new Set<number>();
  for (const identity of strays) {
    if (found.length >= maxLeaked || seen.has(identity.pid) || !(await isAlive(identity))) continue;
    seen.add(identity.pid);
    const command = await readFile(`/proc/${identity.pid}/comm`, 'utf8').catch(() => '');
    found.push({ pid: identity.pid, command: command.trim().slice(0, 100) });
  }
  return found;
}

/**
 * The run's cgroup, while there is one. The file can be written by the agent too: only a cgroup with this run's name is
 * taken.
 */
export async function readCgroupPath({ runId, runDir }: RunPlace): Promise<string | undefined> {
  const found = (await readTail(runPaths(runDir).cgroup, 4096)).toString('utf8').trimEnd();
  const isOwn = path.isAbsolute(found) && path.normalize(found) === found && path.basename(found) === cgroupName(runId);
  return isOwn && (await isCgroup(found)) ? found : undefined;
}
