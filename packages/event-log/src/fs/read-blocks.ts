import type { LogFile } from './log-fs.ts';

/** Bytes of a file that begin with a line. */
export interface Block {
  /** Reused: good until the next block is asked for. May be overwritten. */
  readonly bytes: Buffer;
  readonly offset: number;
  /** False for what follows the last line feed, and for a stretch without one that is too long to be a line. */
  readonly whole: boolean;
}

export const blockBytes = 256 * 1024;
/** No line is longer: a batch ends at 16 MiB. */
const maxLineBytes = 17 * 1024 * 1024;

/** Reads `[from, to)` of the file in blocks of whole lines. From the second block on, the next one is being read while the caller looks at this one. */
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
      const block = { bytes: buffer.subarray(0, end), offset, whole: true };
      const next = spare?.length === buffer.length ? spare : Buffer.allocUnsafe(buffer.length);
      buffer.copy(next, 0, end, filled);
      [spare, buffer] = [buffer, next];
      filled -= end;
      offset += end;
      // Whoever wanted a second block mostly wants them all.
      if (block.offset > from && offset + filled < to) {
        ahead = ask();
        // When the caller has stopped by then, nobody is concerned any more.
        ahead.catch(() => undefined);
      }
      yield block;
    }
    if (filled > 0) yield { bytes: buffer.subarray(0, filled), offset, whole: false };
  } finally {
    // The file may be closed only when nothing reads from it.
    await ahead?.catch(() => undefined);
  }
}

function grow(buffer: Buffer, filled: number): Buffer {
  const grown = Buffer.allocUnsafe(Math.max(buffer.length * 2, blockBytes));
  buffer.copy(grown, 0, 0, filled);
  return grown;
}
