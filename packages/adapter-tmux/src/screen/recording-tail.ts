import { readTail } from '@runtime/adapter-kit/run';

/** The mark is the last thing of a recording; what a terminal may add behind it is short. */
const tailBytes = 64 * 1024;

/** True once the whole output of the agent has come to the recording. */
export async function hasEndMark(recording: string, mark: Buffer): Promise<boolean> {
  return (await readTail(recording, tailBytes)).includes(mark);
}
