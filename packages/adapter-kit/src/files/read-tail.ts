import { AgentRuntimeError } from '@runtime/contracts';
import { openStated } from './open-regular.ts';

/**
 * The last bytes of a file, at most `maxBytes`; it may begin in the middle of a character. Empty when there is no file.
 * Throws INVALID_ARGUMENT for what is no regular file (a symbolic link is none), UNAVAILABLE when it cannot be read.
 */
export async function readTail(file: string, maxBytes: number): Promise<Buffer> {
  const opened = await openStated(file);
  if (!opened) return Buffer.alloc(0);
  const { handle, stats } = opened;
  const { size } = stats;
  try {
    const length = Math.min(size, maxBytes);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, size - length);
    return buffer.subarray(0, bytesRead);
  } catch (error) {
    throw AgentRuntimeError.from(error, 'UNAVAILABLE');
  } finally {
    await handle.close();
  }
}
