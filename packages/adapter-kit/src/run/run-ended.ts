import { stat } from 'node:fs/promises';
import path from 'node:path';
import { isAlive, seemsAlive } from '../process/identity.ts';
import type { Ended } from '../source/tail-file.ts';
import { runPaths, type RunPlace } from './run-paths.ts';
import { readExitRecord, readHolderRecord, type HolderRecord } from './run-record.ts';

/**
 * The `ended` of `tailFile` and the file sources: true once the run's exit is recorded, or its holder is gone, or it
 * never had one, or its output has reached its limit.
 * Output that background processes write after that is not part of the run.
 */
export function runEnded({ runDir }: RunPlace): Ended & (() => Promise<boolean>) {
  const { exit, holder } = runPaths(runDir);
  let record: HolderRecord | undefined;
  const ended = async (): Promise<boolean> => {
    if (await readExitRecord(runDir)) return true;
    record ??= await readHolderRecord(runDir);
    if (record === undefined || !(await isAlive(record.holder))) return true;
    return isOver(runDir, record.maxOutputBytes);
  };
  return Object.assign(ended, {
    signs: new Set([exit, holder].map((file) => path.basename(file))),
    // A holder that is killed says nothing to anybody.
    isDoubtful: () => record === undefined || !seemsAlive(record.holder),
  });
}

/** True when a run has written more than its launch allows. False for a run without a limit. */
export async function isOverLimit({ runDir }: RunPlace): Promise<boolean> {
  return isOver(runDir, (await readHolderRecord(runDir))?.maxOutputBytes);
}

async function isOver(runDir: string, limit: number | undefined): Promise<boolean> {
  if (limit === undefined) return false;
  const { stdout, stderr, recording } = runPaths(runDir);
  const sizes = await Promise.all(
    [stdout, stderr, recording].map((file) =>
      stat(file).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0) > limit;
}
