import { Checksum } from './checksum.ts';
import { lineOverhead, sealLine, syncedLength, writeSynced } from './line.ts';

/**
 * Lines gathering for one write. An event is encoded here once, straight into the bytes that go to the file.
 * Only the first line waits for `finish`: it says how much of the file was durable before this write, which is not known until then.
 */
export class LineBuffer {
  length = 0;
  #bytes = Buffer.allocUnsafe(16 * 1024);
  #firstAt = -1;
  #firstEnd = 0;
  readonly #checksum = new Checksum();

  /** Adds a line from its JSON text without the closing brace. */
  add(text: string): void {
    // A UTF-16 unit is at most three bytes of UTF-8.
    this.#reserve(text.length * 3 + lineOverhead);
    const start = this.length;
    const end = start + this.#bytes.write(text, start, 'utf8');
    if (this.#firstAt < 0) {
      this.#firstAt = start;
      this.#firstEnd = end;
      this.length = end + lineOverhead;
      return;
    }
    this.length = sealLine(this.#bytes, start, end, this.#checksum);
  }

  /** The bytes as they are. Valid until the next `add`. */
  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.length);
  }

  /** The finished bytes; `synced` is what the first line says of the file. Valid until `clear`. */
  finish(synced: number): Buffer {
    if (this.#firstAt >= 0) {
      writeSynced(this.#bytes, this.#firstEnd, synced);
      sealLine(this.#bytes, this.#firstAt, this.#firstEnd + syncedLength, this.#checksum);
    }
    return this.bytes;
  }

  /** Empties it. A buffer that one huge batch has grown is given back. */
  clear(): void {
    this.length = 0;
    this.#firstAt = -1;
    if (this.#bytes.length > 4 * 1024 * 1024) this.#bytes = Buffer.allocUnsafe(16 * 1024);
  }

  #reserve(count: number): void {
    const needed = this.length + count;
    if (needed <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2));
    this.#bytes.copy(grown, 0, 0, this.length);
    this.#bytes = grown;
  }
}
