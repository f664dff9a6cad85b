import { hash } from 'node:crypto';
import { readFully } from '../fs/files.ts';
import type { StoreFile } from '../fs/store-fs.ts';
import {
  decodeIndex,
  indexBytesBefore,
  indexTailBytes,
  packHead,
  readRecordHead,
  recordHeadBytes,
  type PackEntry,
} from '../format/pack-format.ts';

const blockBytes = 1024 * 1024;

/** What is in a pack, and where it ends. */
export interface PackContents {
  readonly entries: readonly PackEntry[];
  /** Behind the last whole record: from here on a scan goes on. Infinity for a pack with an index. */
  readonly end: number;
}

/**
 * Finds the contents of a pack: by its index, or record by record from `from` on, until one is not whole. What a crash
 * left may be any bytes, so a record counts only with the digest that it says.
 */
export async function readPack(file: StoreFile, from = 0): Promise<PackContents> {
  const size = await file.size();
  const indexed = await readIndex(file, size);
  if (indexed) return { entries: indexed, end: Infinity };
  return scan(file, size, from);
}

async function readIndex(file: StoreFile, size: number): Promise<PackEntry[] | undefined> {
  if (size < packHead.length + indexTailBytes) return undefined;
  const tail = Buffer.alloc(indexTailBytes);
  if ((await readFully(file, tail, size - indexTailBytes)) < indexTailBytes) return undefined;
  const length = indexBytesBefore(tail);
  if (length === undefined || length > size - indexTailBytes - packHead.length) return undefined;
  const entries = Buffer.alloc(length);
  if ((await readFully(file, entries, size - indexTailBytes - length)) < length) return undefined;
  return decodeIndex(entries, tail);
}

async function scan(file: StoreFile, size: number, from: number): Promise<PackContents> {
  const entries: PackEntry[] = [];
  let end = from;
  if (end === 0) {
    const head = Buffer.alloc(packHead.length);
    if ((await readFully(file, head, 0)) < head.length || !head.equals(packHead)) return { entries, end: 0 };
    end = head.length;
  }
  while (end < size) {
    const block = Buffer.allocUnsafe(Math.min(blockBytes, size - end));
    const filled = block.subarray(0, await readFully(file, block, end));
    const found = wholeRecords(filled, end);
    entries.push(...found.entries);
    if (found.end === end) break;
    end = found.end;
  }
  return { entries, end };
}

/** The whole records from the start of the block, which lies at `base` in the file. */
function wholeRecords(block: Buffer, base: number): PackContents {
  const entries: PackEntry[] = [];
  for (let at = 0; ;) {
    const head = readRecordHead(block, at);
    const start = at + recordHeadBytes;
    if (!head || start + head.bytes > block.length) return { entries, end: base + at };
    const { digest, bytes } = head;
    if (!hash('sha256', block.subarray(start, start + bytes), 'buffer').equals(digest))
      return { entries, end: base + at };
    entries.push({ digest, offset: base + start, bytes });
    at = start + bytes;
  }
}
