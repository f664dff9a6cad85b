import { isUtf8 } from 'node:buffer';

/**
 * Text of some bytes. `invalid`: the first byte of the whole stream that belongs to no character, when it is among
 * them.
 */
export interface DecodedBytes {
  readonly text: string;
  readonly invalid?: { readonly offset: number; readonly byte: number };
}

/**
 * Bytes in pieces to text. A character that is cut in two waits for its rest, bytes that belong to no character become
 * U+FFFD.
 * What was given out after n bytes depends on these alone, never on how they were cut.
 */
export class Utf8Stream {
  #carry: Buffer = Buffer.alloc(0);
  #given = 0;
  #wasInvalid = false;

  push(bytes: Buffer): DecodedBytes {
    const whole = this.#carry.length === 0 ? bytes : Buffer.concat([this.#carry, bytes]);
    const end = whole.length - pendingBytes(whole);
    this.#carry = whole.subarray(end);
    return this.#decode(whole.subarray(0, end));
  }

  /** What waits for a rest that will not come. */
  flush(): DecodedBytes {
    const rest = this.#carry;
    this.#carry = Buffer.alloc(0);
    return this.#decode(rest);
  }

  #decode(bytes: Buffer): DecodedBytes {
    const text = bytes.toString('utf8');
    const start = this.#given;
    this.#given += bytes.length;
    if (this.#wasInvalid || isUtf8(bytes)) return { text };
    this.#wasInvalid = true;
    const at = firstInvalid(bytes);
    return { text, invalid: { offset: start + at, byte: bytes[at] ?? 0 } };
  }
}

/** How many bytes a character has that begins with this one; 1 for what begins none. */
function lengthOf(lead: number): number {
  if (lead >= 0xf0) return lead < 0xf5 ? 4 : 1;
  if (lead >= 0xe0) return 3;
  return lead >= 0xc2 ? 2 : 1;
}

/** Bytes at the end that may be the beginning of a character. */
function pendingBytes(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back += 1) {
    const byte = bytes[bytes.length - back] ?? 0;
    if ((byte & 0xc0) === 0x80) continue;
    return back < lengthOf(byte) ? back : 0;
  }
  return 0;
}

/** The bytes hold one for certain. Looked for once in a stream, character by character. */
function firstInvalid(bytes: Buffer): number {
  let at = 0;
  while (at < bytes.length) {
    const length = lengthOf(bytes[at] ?? 0);
    if (at + length > bytes.length || !isUtf8(bytes.subarray(at, at + length))) return at;
    at += length;
  }
  return 0;
}
