import type { LogFile } from './log-fs.ts';

/** Bytes of a file that begin with a line. */
export interface Block {
  /** Reused: good until the next block is asked for. */
  readonly bytes: Buffer;
  readonly offset: number;
  /** False for what follows the last line feed, and for a stretch without one that is too long to be a line. */
  readonly whole: boolean;
}

export const blockBytes = 256 * 1024;
/** No line is longer: a batch ends at 16 MiB. */
const maxLineBytes = 17 * 1024 * 1024;

/** Reads `[from, to)` of the file in blocks of whole lines. */
export async function* readBlocks(file: LogFile, from: number, to = Infinity): AsyncGenerator<Block, void, undefined> {
  let buffer = Buffer.allocUnsafe(Math.min(blockBytes, Math.max(to - from, 1)));
  let offset = from;
  let filled = 0;
  while (true) {
    const room = Math.min(buffer.length - filled, to - offset - filled);
    const count = room === 0 ? 0 : await file.read(buffer.subarray(filled, filled + room), offset + filled);
    if (count === 0 && room > 0) break;
    // What was carried over holds no line feed, so only the new bytes are searched.
    const lineFeed = buffer.subarray(filled, filled + count).lastIndexOf(0x0a);
    const end = filled + lineFeed + 1;
    filled += count;
    if (lineFeed < 0) {
      if (offset + filled >= to) break;
      if (filled < buffer.length) continue;
      if (filled < maxLineBytes) {
        buffer = grow(buffer, filled);
        continue;
      }
      yield { bytes: buffer.subarray(0, filled), offset, whole: false };
      offset += filled;
      filled = 0;
      continue;
    }
    yield { bytes: buffer.subarray(0, end), offset, whole: true };
    buffer.copyWithin(0, end, filled);
    offset += end;
    filled -= end;
  }
  if (filled > 0) yield { bytes: buffer.subarray(0, filled), offset, whole: false };
}

function grow(buffer: Buffer, filled: number): Buffer<ArrayBuffer> {
  const grown = Buffer.allocUnsafe(Math.max(buffer.length * 2, blockBytes));
  buffer.copy(grown, 0, 0, filled);
  return grown;
}
