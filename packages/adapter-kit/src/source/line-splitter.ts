/** One line, without its line feed. `start` and `end` are byte offsets in the stream; `end` is behind the line feed. */
export interface Line {
  readonly kind: 'line';
  /** May share memory with the chunk it came in. */
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
}

/** A line above the cap: only its beginning was kept. */
export interface OversizeLine {
  readonly kind: 'oversize';
  readonly start: number;
  readonly end: number;
  /** The first bytes, at most 4 KiB. */
  readonly head: Buffer;
}

/** Options of `LineSplitter`. */
export interface LineSplitterOptions {
  /** Where in the stream the first byte stands. @default 0 */
  readonly offset?: number;
  /**
   * Longest line that is kept. @default 16777216 (16 MiB): above every real record, and harmless for the host's memory
   */
  readonly maxLineBytes?: number;
  /** Drop one carriage return before the line feed. @default true */
  readonly stripCarriageReturn?: boolean;
  /** Leave out lines in which nothing stands; a run of them costs no more than its bytes. @default false */
  readonly skipEmpty?: boolean;
}

const lineFeed = 10;
const carriageReturn = 13;
const headBytes = 4096;

/**
 * Cuts a byte stream into lines, at line feeds only: U+2028 and half characters pass untouched, as bytes.
 * Linear in the size of the input however it is chunked; never holds more than `maxLineBytes` and one chunk.
 */
export class LineSplitter {
  readonly #maxLineBytes: number;
  readonly #strip: boolean;
  readonly #skipEmpty: boolean;
  #parts: Buffer[] = [];
  /** Bytes of the line so far, dropped ones included. */
  #length = 0;
  #start: number;
  #oversize = false;

  constructor(options: LineSplitterOptions = {}) {
    const { offset = 0, maxLineBytes = 16 * 1024 * 1024, stripCarriageReturn = true, skipEmpty = false } = options;
    this.#start = offset;
    this.#maxLineBytes = maxLineBytes;
    this.#strip = stripCarriageReturn;
    this.#skipEmpty = skipEmpty;
  }

  /** The lines that this chunk completes, in order. */
  push(chunk: Uint8Array): (Line | OversizeLine)[] {
    const buffer = Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    const lines: (Line | OversizeLine)[] = [];
    let from = this.#skipped(buffer, 0);
    for (let at = buffer.indexOf(lineFeed, from); at !== -1; at = buffer.indexOf(lineFeed, from)) {
      const whole = this.#length === 0 && at - from <= this.#maxLineBytes;
      if (whole) lines.push(this.#whole(buffer, from, at));
      else {
        this.#keep(buffer.subarray(from, at));
        lines.push(this.#take(1));
      }
      from = this.#skipped(buffer, at + 1);
    }
    if (from < buffer.length) this.#keep(buffer.subarray(from));
    return lines;
  }

  /** What stands behind the last line feed, when the stream has ended; undefined when there is nothing. */
  flush(): Line | OversizeLine | undefined {
    return this.#length === 0 ? undefined : this.#take(0);
  }

  /** Length of the line that has begun and has no end yet; 0 between lines. */
  get openBytes(): number {
    return this.#length;
  }

  /** Bytes that wait for their line feed in memory; the dropped part of an oversize line is not among them. */
  get heldBytes(): number {
    return this.#oversize ? headBytes : this.#length;
  }

  /** Where the next line that holds anything begins. */
  #skipped(buffer: Buffer, from: number): number {
    if (!this.#skipEmpty || this.#length > 0) return from;
    let at = from;
    while (buffer[at] === lineFeed || (this.#strip && buffer[at] === carriageReturn && buffer[at + 1] === lineFeed))
      at += 1;
    this.#start += at - from;
    return at;
  }

  /** Most lines lie in one chunk: nothing of them has to be kept. */
  #whole(buffer: Buffer, from: number, at: number): Line {
    const start = this.#start;
    const end = start + at - from + 1;
    this.#start = end;
    const strip = this.#strip && at > from && buffer[at - 1] === carriageReturn;
    return { kind: 'line', bytes: buffer.subarray(from, strip ? at - 1 : at), start, end };
  }

  #keep(part: Buffer): void {
    if (part.length === 0) return;
    const before = this.#length;
    this.#length += part.length;
    if (this.#oversize) {
      // The head is the same however the line was cut.
      if (before < headBytes) this.#parts.push(Buffer.from(part.subarray(0, headBytes - before)));
      return;
    }
    this.#parts.push(part);
    if (this.#length <= this.#maxLineBytes) return;
    this.#oversize = true;
    this.#parts = [Buffer.from(Buffer.concat(this.#parts).subarray(0, headBytes))];
  }

  #take(terminator: number): Line | OversizeLine {
    const [first] = this.#parts;
    const bytes = this.#parts.length === 1 && first ? first : Buffer.concat(this.#parts);
    const start = this.#start;
    const end = start + this.#length + terminator;
    const oversize = this.#oversize;
    this.#parts = [];
    this.#length = 0;
    this.#oversize = false;
    this.#start = end;
    if (oversize) return { kind: 'oversize', start, end, head: bytes };
    const strip = this.#strip && terminator === 1 && bytes[bytes.length - 1] === carriageReturn;
    return { kind: 'line', bytes: strip ? bytes.subarray(0, -1) : bytes, start, end };
  }
}
