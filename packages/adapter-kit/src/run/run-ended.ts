import { isAlive } from '../process/identity.ts';
import type { RunPlace } from './run-paths.ts';
import { readExitRecord, readHolderRecord, type HolderRecord } from './run-record.ts';

/**
 * For `tailFile` and `fileSource`: true once the run's exit is recorded, or its holder is gone, or it never had one.
 * What an agent leaves behind may still write to the same files; that is no longer the run's output.
 */
export function runEnded({ runDir }: RunPlace): () => Promise<boolean> {
  let record: HolderRecord | undefined;
  return async () => {
    if (await readExitRecord(runDir)) return true;
    record ??= await readHolderRecord(runDir);
    return record === undefined || !(await isAlive(record.holder));
  };
}
