import { crc32 } from 'node:zlib';

/** Up to here the tables win: crossing into zlib costs as much as 200 bytes of them. */
const shortBytes = 512;
/** Eight tables of 256: what a byte does to the checksum once 0 to 7 more bytes have followed it. */
const tables = makeTables();

/** CRC-32 as zlib has it, for many short stretches of the same bytes. */
export class Checksum {
  #bytes: Uint8Array | undefined;
  #view: DataView = new DataView(new ArrayBuffer(0));

  /** The checksum of `bytes[start, end)`. Keeps hold of the bytes until it is given others. */
  of(bytes: Uint8Array, start: number, end: number): number {
    if (end - start > shortBytes) return crc32(bytes.subarray(start, end));
    if (bytes !== this.#bytes) {
      this.#bytes = bytes;
      this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    }
    return checksum(this.#view, start, end);
  }
}

/** Takes eight bytes in one step ("slicing by 8"), then the rest one by one. */
function checksum(view: DataView, start: number, end: number): number {
  let crc = -1;
  let at = start;
  for (const last = end - 8; at <= last; at += 8) {
    const low = view.getInt32(at, true) ^ crc;
    const high = view.getInt32(at + 4, true);
    crc =
      entry(0x700 | (low & 0xff)) ^
      entry(0x600 | ((low >>> 8) & 0xff)) ^
      entry(0x500 | ((low >>> 16) & 0xff)) ^
      entry(0x400 | (low >>> 24)) ^
      entry(0x300 | (high & 0xff)) ^
      entry(0x200 | ((high >>> 8) & 0xff)) ^
      entry(0x100 | ((high >>> 16) & 0xff)) ^
      entry(high >>> 24);
  }
  for (; at < end; at += 1) crc = (crc >>> 8) ^ entry((crc ^ view.getUint8(at)) & 0xff);
  return ~crc >>> 0;
}

function entry(index: number): number {
  return tables[index] ?? 0;
}

function makeTables(): Int32Array {
  const made = new Int32Array(8 * 256);
  for (let byte = 0; byte < 256; byte += 1) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
    made[byte] = crc;
  }
  for (let at = 256; at < made.length; at += 1) {
    const before = made[at - 256] ?? 0;
    made[at] = (before >>> 8) ^ (made[before & 0xff] ?? 0);
  }
  return made;
}
