import { isAlive, signalProcess } from '../process/identity.ts';
import type { RunPlace } from './run-paths.ts';
import { readHolderRecord } from './run-record.ts';

/**
 * Makes the holder close its end of the agent's stdin, for good. The agent sees the end of input once every
 * `FifoWriter` is closed too, so close yours first. True when a live holder was notified; false when there is none, and
 * then its end is closed anyway.
 * Repeatable. Bytes that are already in the FIFO are still read.
 */
export async function releaseStdin({ runDir }: RunPlace): Promise<boolean> {
  const record = await readHolderRecord(runDir);
  if (!record || !(await isAlive(record.holder))) return false;
  return signalProcess(record.holder, 'SIGUSR1');
}
