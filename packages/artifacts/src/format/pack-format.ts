import { crc32 } from 'node:zlib';

/** SHA-256 of the bytes, as bytes. */
export type Digest = Buffer;

/** Where a content lies in a pack. */
export interface PackEntry {
  readonly digest: Digest;
  /** Of its first byte in the file. */
  readonly offset: number;
  readonly bytes: number;
}

export const digestBytes = 32;
/** The first bytes of every pack. */
export const packHead = Buffer.from('RTPACK1\n');
/** Before each content: its length, the checksum of the rest of the header, its digest. */
export const recordHeadBytes = 4 + 4 + digestBytes;
/** A length that no content has: here the index begins. */
const indexMark = 0xffff_ffff;
const indexEntryBytes = digestBytes + 4 + 4;
const indexTail = Buffer.from('RTINDEX1');
/** After the entries: their number, their checksum, and how an index ends. */
export const indexTailBytes = 4 + 4 + indexTail.length;

/** Writes the header of a content into `into`, at `at`. */
export function writeRecordHead(into: Buffer, at: number, digest: Digest, bytes: number): void {
  into.writeUInt32LE(bytes, at);
  digest.copy(into, at + 8);
  into.writeUInt32LE(checksumOf(into, at), at + 4);
}

/** Undefined where no header is, and where the index begins. */
export function readRecordHead(from: Buffer, at: number): { digest: Digest; bytes: number } | undefined {
  if (at + recordHeadBytes > from.length) return undefined;
  const bytes = from.readUInt32LE(at);
  if (bytes === indexMark || from.readUInt32LE(at + 4) !== checksumOf(from, at)) return undefined;
  return { digest: Buffer.from(from.subarray(at + 8, at + recordHeadBytes)), bytes };
}

const checksumOf = (buffer: Buffer, at: number): number =>
  crc32(buffer.subarray(at + 8, at + recordHeadBytes), crc32(buffer.subarray(at, at + 4)));

/** The end of a pack to which nothing more is added: all that is in it. */
export function encodeIndex(entries: readonly PackEntry[]): Buffer {
  const index = Buffer.alloc(4 + entries.length * indexEntryBytes + indexTailBytes);
  let at = index.writeUInt32LE(indexMark, 0);
  for (const { digest, offset, bytes } of entries) {
    at += digest.copy(index, at);
    at = index.writeUInt32LE(offset, at);
    at = index.writeUInt32LE(bytes, at);
  }
  const checksum = crc32(index.subarray(4, at));
  at = index.writeUInt32LE(entries.length, at);
  at = index.writeUInt32LE(checksum, at);
  indexTail.copy(index, at);
  return index;
}

/** How many bytes of entries there are before this tail; undefined when it is none. */
export function indexBytesBefore(tail: Buffer): number | undefined {
  if (tail.length !== indexTailBytes || !tail.subarray(8).equals(indexTail)) return undefined;
  return tail.readUInt32LE(0) * indexEntryBytes;
}

/** Undefined when the entries are not those of which the tail speaks. */
export function decodeIndex(entries: Buffer, tail: Buffer): PackEntry[] | undefined {
  if (entries.length !== indexBytesBefore(tail) || crc32(entries) !== tail.readUInt32LE(4)) return undefined;
  const found: PackEntry[] = [];
  for (let at = 0; at < entries.length; at += indexEntryBytes) {
    found.push({
      digest: entries.subarray(at, at + digestBytes),
      offset: entries.readUInt32LE(at + digestBytes),
      bytes: entries.readUInt32LE(at + digestBytes + 4),
    });
  }
  return found;
}
