import { throwIfAborted, type CallOptions } from '@runtime/contracts';
import type { Exit } from '@runtime/contracts/adapter';
import { isAlive } from '../process/identity.ts';
import { watchChanges } from '../source/watch-changes.ts';
import type { RunPlace } from './run-paths.ts';
import { readExitRecord, readHolderRecord } from './run-record.ts';

/** Options of `waitForExit`. */
export interface WaitForExitOptions extends CallOptions {
  /** How often to check that the holder is alive, in ms; its exit record is noticed at once. @default 1000 */
  readonly pollMs?: number;
}

/**
 * Waits for the end of a run that has a holder record, and resolves with the recorded exit.
 * When the holder dies without one, the exit is `unknown` within `pollMs`; no code is made up.
 * Aborting `signal` throws CANCELLED and leaves the run alone.
 */
export async function waitForExit({ runDir }: RunPlace, options: WaitForExitOptions = {}): Promise<Exit> {
  const { signal, pollMs = 1000 } = options;
  const changes = watchChanges(runDir, pollMs);
  try {
    for (;;) {
      throwIfAborted(signal);
      const record = await readHolderRecord(runDir);
      const alive = record !== undefined && (await isAlive(record.holder));
      const ended = await readExitRecord(runDir);
      if (ended) return ended.exit;
      if (!record) return { kind: 'unknown', why: 'there is no record of a holder' };
      if (!alive) return { kind: 'unknown', why: 'the holder is gone and recorded no exit' };
      await changes.next(signal);
    }
  } finally {
    changes.close();
  }
}
