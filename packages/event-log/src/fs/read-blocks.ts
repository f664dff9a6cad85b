import type { LogFile } from './log-fs.ts';

/** A stretch of a file that begins with a line. */
export interface Block {
  /** Valid until the next block is asked for, because the buffer is reused. The caller may overwrite it. */
  readonly bytes: Buffer;
  /** Where the stretch begins in the file. */
  readonly offset: number;
  /** False for bytes after the last line feed, and for a stretch without line feeds that is too long for a line. */
  readonly whole: boolean;
}

const blockBytes = 256 * 1024;
/** No line is longer: a batch ends at 16 MiB. */
const maxLineBytes = 17 * 1024 * 1024;

/**
 * Reads `[from, to)` of the file in blocks of whole lines. From the second block on, the next block is read ahead while
 * the caller works on this one.
 */
export async function* readBlocks(file: LogFile, from: number, to = Infinity): AsyncGenerator<Block, void, undefined> {
  let buffer: Buffer = Buffer.allocUnsafe(Math.min(blockBytes, Math.max(to - from, 1)));
  let spare: Buffer | undefined;
  let offset = from;
  let filled = 0;
  let room = 0;
  let ahead: Promise<number> | undefined;
  const ask = async (): Promise<number> => {
    room = Math.min(buffer.length - filled, to - offset - filled);
    return room === 0 ? 0 : file.read(buffer.subarray(filled, filled + room), offset + filled);
  };
  try {
    while (true) {
      const count = await (ahead ?? ask());
      ahead = undefined;
      if (count === 0 && room > 0) break;
      // The bytes carried over hold no line feed, so only the new bytes are searched.
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
      const block = { bytes: buffer.subarray(0, end), offset, whole: true };
      const next = spare?.length === buffer.length ? spare : Buffer.allocUnsafe(buffer.length);
      buffer.copy(next, 0, end, filled);
      [spare, buffer] = [buffer, next];
      filled -= end;
      offset += end;
      // A caller that wanted a second block mostly wants all of them.
      if (block.offset > from && offset + filled < to) {
        ahead = ask();
        // The next turn throws a failure. When the caller stops before, the rejection must not be unhandled.
        ahead.catch(() => undefined);
      }
      yield block;
    }
    if (filled > 0) yield { bytes: buffer.subarray(0, filled), offset, whole: false };
  } finally {
    // The caller closes the file next, and no read may be under way then.
    await ahead?.catch(() => undefined);
  }
}

function grow(buffer: Buffer, filled: number): Buffer {
  const grown = Buffer.allocUnsafe(Math.max(buffer.length * 2, blockBytes));
  buffer.copy(grown, 0, 0, filled);
  return grown;
}
