import { readFully } from './files.ts';
import type { StoreFile } from './store-fs.ts';

/** So much is read at a time: it holds up the event loop for a tenth of a millisecond when it is hashed. */
export const chunkBytes = 256 * 1024;

/** The bytes of a file in chunks, the next of which is read while the reader works on one. */
export async function* readChunks(
  file: Pick<StoreFile, 'read'>,
  from: number,
  to: number,
): AsyncGenerator<Buffer, void, undefined> {
  const readAt = async (position: number): Promise<Buffer> => {
    const into = Buffer.allocUnsafeSlow(Math.max(0, Math.min(chunkBytes, to - position)));
    return into.subarray(0, await readFully(file, into, position));
  };
  let position = from;
  let ahead = readAt(position);
  try {
    while (true) {
      const chunk = await ahead;
      if (chunk.length === 0) return;
      position += chunk.length;
      ahead = readAt(position);
      // When the reader leaves, its rejection is nobody's.
      ahead.catch(() => undefined);
      yield chunk;
    }
  } finally {
    // The file is closed next, and no read may be under way then.
    await ahead.catch(() => undefined);
  }
}
