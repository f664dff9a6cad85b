import { constants } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { isMissing } from './run-files.ts';

/** The mark is the last thing of a recording; what a terminal may add behind it is short. */
const tailBytes = 64 * 1024;

/** True once the whole output of the agent has come to the recording. */
export async function hasEndMark(recording: string, mark: Buffer): Promise<boolean> {
  return (await readTail(recording)).includes(mark);
}

async function readTail(file: string): Promise<Buffer> {
  try {
    const { size } = await stat(file);
    const handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW);
    try {
      const length = Math.min(size, tailBytes);
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, size - length);
      return buffer.subarray(0, bytesRead);
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (isMissing(error)) return Buffer.alloc(0);
    throw error;
  }
}
