import { rm, stat, unlink } from 'node:fs/promises';
import path from 'node:path';
import { systemCode } from '@runtime/contracts';
import { runPaths, type RunPlace } from './run-paths.ts';
import { readExitRecord } from './run-record.ts';
import { readCgroupPath } from './run-tree.ts';

/** Of the kit: what a holder, its agent and those who speak to it need, and nobody after them. */
const leftovers = ['.jobs', 'in'];
/** How a holder knows that the command was not executed, until its record says so. */
const unbegun = '.unbegun';

/**
 * Removes the files and directories of an ended run that nothing reads again: the kit's own and `names`, which are an
 * adapter's. What recovery, a resumed conversation and people read stays, and so does everything of a run without a
 * recorded exit, and what cannot be removed. For an adapter's `reap`, once no process is left.
 */
export async function clearRun(place: RunPlace, names: readonly string[] = []): Promise<void> {
  const { runDir } = place;
  const ended = await readExitRecord(runDir);
  if (!ended) return;
  const { holderLog, cgroup } = runPaths(runDir);
  await Promise.all([
    ...[...leftovers, ...(ended.began ? [] : [unbegun]), ...names].map((name) => remove(path.join(runDir, name))),
    readCgroupPath(place).then((found) => (found === undefined ? remove(cgroup) : undefined), ignore),
    stat(holderLog).then(({ size }) => (size === 0 ? remove(holderLog) : undefined), ignore),
  ]);
}

const ignore = (): undefined => undefined;

async function remove(file: string): Promise<void> {
  try {
    await unlink(file);
  } catch (error) {
    const isDirectory = ['EISDIR', 'EPERM'].includes(systemCode(error) ?? '');
    if (isDirectory) await rm(file, { recursive: true, force: true }).catch(ignore);
  }
}
