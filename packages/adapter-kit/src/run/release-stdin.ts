import { isAlive, signalProcess } from '../process/identity.ts';
import type { RunPlace } from './run-paths.ts';
import { readHolderRecord } from './run-record.ts';

/**
 * Makes the holder close its end of the agent's standard input for good. The agent sees the end of its input once every
 * `FifoWriter` is closed too, so close yours first. False when there is no live holder: its end is closed then anyway.
 * Repeatable. Bytes that are in the FIFO are still read.
 */
export async function releaseStdin({ runDir }: RunPlace): Promise<boolean> {
  const record = await readHolderRecord(runDir);
  if (!record || !(await isAlive(record.holder))) return false;
  return signalProcess(record.holder, 'SIGUSR1');
}
