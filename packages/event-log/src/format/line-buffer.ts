import { closeBrace, comma, lineFeed, quote } from './ascii.ts';
import { Checksum } from './checksum.ts';
import {
  crcKey,
  moreKey,
  positionKey,
  revisionKey,
  streamKey,
  syncedKey,
  syncedLength,
  trailerLength,
} from './line.ts';

/** Bytes that a line needs beside its text and stream: keys, numbers of up to 17 digits, checksum, line feed. */
const overhead = 200;

/** What the log puts before and after an event. */
export interface Frame {
  readonly position: number;
  readonly stream: string;
  readonly revision: number;
  readonly time: number;
  readonly more: number;
}

/**
 * Lines that gather for one write. Each event is encoded once, straight into the bytes that go to the file.
 * Only the first line waits for `finish`: it says how much of the file was durable before this write, which is known
 * only then.
 */
export class LineBuffer {
  length = 0;
  #bytes = Buffer.allocUnsafe(64 * 1024);
  #firstAt = -1;
  #firstEnd = 0;
  /** `,"time":1795181117061`, kept because most lines have the time of the line before. */
  #timeText = Buffer.alloc(0);
  #time = Number.NaN;
  readonly #checksum = new Checksum();

  /** Adds a line of the log's own, given as JSON text. */
  add(text: string): void {
    const start = this.#reserve(text, '');
    this.#end(start, start + this.#bytes.write(text, start) - 1);
  }

  /** Adds an event, given as JSON text with at least one field. */
  addEvent(text: string, { position, stream, revision, time, more }: Frame): void {
    const start = this.#reserve(text, stream);
    const bytes = this.#bytes;
    let at = put(bytes, start, positionKey);
    at = putDecimal(bytes, at, position);
    at = put(bytes, at, streamKey);
    for (let index = 0; index < stream.length; index += 1) bytes[at + index] = stream.charCodeAt(index);
    at += stream.length;
    bytes[at] = quote;
    at = put(bytes, at + 1, revisionKey);
    at = putDecimal(bytes, at, revision);
    at = put(bytes, at, this.#timeOf(time));
    const written = bytes.write(text, at);
    // A comma in place of the opening brace. The closing brace is overwritten next.
    bytes[at] = comma;
    at += written - 1;
    if (more > 0) at = putDecimal(bytes, put(bytes, at, moreKey), more);
    this.#end(start, at);
  }

  /** The bytes as they are. Valid until the next line is added. */
  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.length);
  }

  /** The finished bytes, with `synced` in the first line as in `Line`. Valid until `clear`. */
  finish(synced: number): Buffer {
    if (this.#firstAt >= 0) {
      const at = put(this.#bytes, this.#firstEnd, syncedKey);
      writeHex(this.#bytes, at, synced);
      this.#bytes[at + 8] = quote;
      this.#seal(this.#firstAt, at + 9);
    }
    return this.bytes;
  }

  /** Removes all lines, and releases a buffer that a huge batch has grown. */
  clear(): void {
    this.length = 0;
    this.#firstAt = -1;
    if (this.#bytes.length > 4 * 1024 * 1024) this.#bytes = Buffer.allocUnsafe(64 * 1024);
  }

  #end(start: number, end: number): void {
    if (this.#firstAt >= 0) {
      this.length = this.#seal(start, end);
      return;
    }
    this.#firstAt = start;
    this.#firstEnd = end;
    this.length = end + syncedLength + trailerLength + 1;
  }

  /**
   * Completes the line in `[start, at)` (JSON without its closing brace) with checksum, brace and line feed. Returns
   * its end.
   */
  #seal(start: number, at: number): number {
    const bytes = this.#bytes;
    const hexAt = put(bytes, at, crcKey);
    writeHex(bytes, hexAt, this.#checksum.of(bytes, start, at));
    bytes[hexAt + 8] = quote;
    bytes[hexAt + 9] = closeBrace;
    bytes[hexAt + 10] = lineFeed;
    return hexAt + 11;
  }

  #timeOf(time: number): Buffer {
    if (time !== this.#time) {
      this.#time = time;
      this.#timeText = Buffer.from(`,"time":${time}`);
    }
    return this.#timeText;
  }

  /** Makes room for a line and returns where it begins. */
  #reserve(text: string, stream: string): number {
    // A UTF-16 unit is at most three bytes of UTF-8.
    const needed = this.length + text.length * 3 + stream.length + overhead;
    if (needed > this.#bytes.length) {
      const grown = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2));
      this.#bytes.copy(grown, 0, 0, this.length);
      this.#bytes = grown;
    }
    return this.length;
  }
}

/** Writes a key and returns where it ends. For a few bytes this is cheaper than `copy`. */
function put(bytes: Buffer, at: number, key: Buffer): number {
  for (let index = 0; index < key.length; index += 1) bytes[at + index] = key[index] ?? 0;
  return at + key.length;
}

function putDecimal(bytes: Buffer, at: number, value: number): number {
  let end = at + 1;
  for (let rest = value; rest >= 10; rest = Math.floor(rest / 10)) end += 1;
  for (let digit = end - 1, rest = value; digit >= at; digit -= 1) {
    const next = Math.floor(rest / 10);
    bytes[digit] = 0x30 + (rest - next * 10);
    rest = next;
  }
  return end;
}

function writeHex(bytes: Buffer, at: number, value: number): void {
  for (let index = 7; index >= 0; index -= 1) {
    const digit = value & 15;
    bytes[at + index] = digit < 10 ? 0x30 + digit : 0x57 + digit;
    value >>>= 4;
  }
}
