import { readdir, readFile, rmdir, statfs, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { systemCode } from '@runtime/contracts';

/** CGROUP2_SUPER_MAGIC */
const cgroup2 = 0x63_67_72_70;
const prefix = 'runtime-';
/** An agent may make cgroups in its own. */
const maxCgroups = 1000;

/** The name of a run's cgroup; undefined for a run whose id is no file name. */
export function cgroupName(runId: string): string | undefined {
  return /^[A-Za-z0-9][A-Za-z0-9._-]{0,100}$/.test(runId) ? `${prefix}${runId}` : undefined;
}

/** The run whose cgroup, or one below it, `/proc/<pid>/cgroup` names; the innermost one. */
export function runOfCgroup(text: string): string | undefined {
  const names = unifiedPath(text)?.split('/') ?? [];
  return names.findLast((name) => name.length > prefix.length && name.startsWith(prefix))?.slice(prefix.length);
}

/** It stays where it is. */
let mounted: string | undefined;

const unifiedPath = (text: string): string | undefined => /^0::(.*)$/m.exec(text)?.[1];

/**
 * Where the unified hierarchy is mounted, for a holder that tries to make a cgroup there: whether it may is seen then.
 * Undefined where there is none.
 */
export async function cgroupMount(): Promise<string | undefined> {
  if (process.platform !== 'linux') return undefined;
  if (mounted !== undefined) return mounted;
  for (const mount of ['/sys/fs/cgroup', '/sys/fs/cgroup/unified']) if (await isCgroup(mount)) return (mounted = mount);
  return undefined;
}

/**
 * Where a holder that this process starts has the cgroup of its run: beside this process, and not in the cgroup of the
 * run that started this process. Undefined where this cannot be told, or the run can have none.
 */
export async function cgroupPath(mount: string, runId: string): Promise<string | undefined> {
  const own = unifiedPath(await readFile('/proc/self/cgroup', 'latin1').catch(() => ''));
  const name = cgroupName(runId);
  if (own === undefined || name === undefined) return undefined;
  return path.join(mount, path.basename(own).startsWith(prefix) ? path.dirname(own) : own, name);
}

/** True for a directory of the unified hierarchy. What a run's directory says is held to it before it is used. */
export async function isCgroup(directory: string): Promise<boolean> {
  try {
    return (await statfs(directory)).type === cgroup2;
  } catch {
    return false;
  }
}

/** The processes in a cgroup and in those below it; none when it is gone. */
export async function readCgroup(directory: string): Promise<number[]> {
  const found: number[] = [];
  const open = [directory];
  for (let seen = 0; open.length > 0 && seen < maxCgroups; seen += 1) {
    const current = open.pop() ?? '';
    const text = await readFile(path.join(current, 'cgroup.procs'), 'latin1').catch(unlessGone);
    found.push(
      ...(text
        ?.split('\n')
        .filter((line) => line !== '' && line !== '0')
        .map(Number) ?? []),
    );
    open.push(...(await childrenOf(current)));
  }
  return found;
}

/** True when no process is in a cgroup, nor in those below it; also when it is gone. */
export async function isDeserted(directory: string): Promise<boolean> {
  const events = await readFile(path.join(directory, 'cgroup.events'), 'latin1').catch(unlessGone);
  return events === undefined || /^populated 0$/m.test(events);
}

/** Removes an empty cgroup and those below it. False for one that is not empty, which stays. */
export async function removeCgroup(directory: string, depth = 0): Promise<boolean> {
  if (depth < 10) for (const child of await childrenOf(directory)) await removeCgroup(child, depth + 1);
  return rmdir(directory).then(
    () => true,
    (error: unknown) => systemCode(error) === 'ENOENT',
  );
}

async function childrenOf(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { withFileTypes: true }).catch(unlessGone);
  return (entries ?? []).filter((entry) => entry.isDirectory()).map(({ name }) => path.join(directory, name));
}

/** EOPNOTSUPP: a cgroup of threads, whose processes are listed above it. */
function unlessGone(error: unknown): undefined {
  if (['ENOENT', 'ENODEV', 'EOPNOTSUPP'].includes(systemCode(error) ?? '')) return undefined;
  throw error;
}

/**
 * Moves this process out of the cgroup of a run, when an agent started it: for a program that is to outlive its
 * starter, such as the owner of a data directory. Does nothing elsewhere, and where it is not allowed to.
 */
export async function leaveRunCgroup(): Promise<void> {
  const mount = await cgroupMount();
  const own = unifiedPath(await readFile('/proc/self/cgroup', 'latin1').catch(() => ''));
  if (mount === undefined || own === undefined || !path.basename(own).startsWith(prefix)) return;
  await writeFile(path.join(mount, path.dirname(own), 'cgroup.procs'), '0').catch(() => {});
}
