import { isUtf8 } from 'node:buffer';

/** Text of some bytes, and the first byte of the whole stream that belongs to no character, when it is among them. */
export interface Decoded {
  readonly text: string;
  readonly firstInvalid?: { readonly offset: number; readonly byte: number };
}

/**
 * Bytes in pieces to text: a character that is cut in two waits for its rest, bytes that belong to no character become U+FFFD.
 * What was given out after n bytes depends on these alone, never on how they were cut.
 */
export class Utf8Stream {
  #carry: Buffer = Buffer.alloc(0);
  #offset = 0;
  #seenInvalid = false;

  push(bytes: Buffer): Decoded {
    const whole = this.#carry.length === 0 ? bytes : Buffer.concat([this.#carry, bytes]);
    const end = whole.length - unfinished(whole);
    this.#carry = whole.subarray(end);
    return this.#decode(whole.subarray(0, end));
  }

  /** What waits for a rest that will not come. */
  flush(): Decoded {
    const rest = this.#carry;
    this.#carry = Buffer.alloc(0);
    return this.#decode(rest);
  }

  #decode(bytes: Buffer): Decoded {
    const text = bytes.toString('utf8');
    const start = this.#offset;
    this.#offset += bytes.length;
    if (this.#seenInvalid || isUtf8(bytes)) return { text };
    this.#seenInvalid = true;
    const at = firstInvalid(bytes, text);
    return { text, firstInvalid: { offset: start + at, byte: bytes[at] ?? 0 } };
  }
}

/** Bytes at the end that may be the beginning of a character. */
function unfinished(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back += 1) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte < 0x80) return 0;
    if (byte < 0xc0) continue;
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
    return back < length ? back : 0;
  }
  return 0;
}

/** The bytes hold one for certain. A replacement character that was really written is not one. */
function firstInvalid(bytes: Buffer, text: string): number {
  for (let index = text.indexOf('\uFFFD'); index !== -1; index = text.indexOf('\uFFFD', index + 1)) {
    const at = Buffer.byteLength(text.slice(0, index));
    const written = bytes[at] === 0xef && bytes[at + 1] === 0xbf && bytes[at + 2] === 0xbd;
    if (!written) return at;
  }
  return 0;
}
