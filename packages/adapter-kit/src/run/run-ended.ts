import { isAlive } from '../process/identity.ts';
import type { RunPlace } from './run-paths.ts';
import { readExitRecord, readHolderRecord, type HolderRecord } from './run-record.ts';

/**
 * The `ended` of `tailFile` and the file sources: true once the run's exit is recorded, or its holder is gone, or it
 * never had one.
 * Output that background processes write after that is not part of the run.
 */
export function runEnded({ runDir }: RunPlace): () => Promise<boolean> {
  let record: HolderRecord | undefined;
  return async () => {
    if (await readExitRecord(runDir)) return true;
    record ??= await readHolderRecord(runDir);
    return record === undefined || !(await isAlive(record.holder));
  };
}
