import { lineFeed, space } from '../format/ascii.ts';

/** What a segment holds of a stream. */
export interface StreamShare {
  readonly name: string;
  /** The stream's revision at the end of the segment. */
  readonly revision: number;
  /** The chunks that hold events of it, ascending, counted from the segment's first. At least one. */
  readonly chunks: readonly number[];
}

/**
 * The streams of a closed segment as its checkpoint has them: a line each, sorted by name. A stream costs its bytes,
 * because nothing is made of a line before it is asked for.
 */
export class StreamTable {
  readonly bytes: Buffer;
  /** How many streams it has. */
  readonly count: number;
  /** Where the last line begins. */
  readonly #last: number;

  constructor(bytes: Buffer, count: number) {
    this.bytes = bytes;
    this.count = count;
    this.#last = this.#lineStart(bytes.length - 1);
  }

  /** The table of these shares, each of another stream, in any order. */
  static of(shares: readonly StreamShare[]): StreamTable {
    // Names are ASCII, whose characters are in the order of their bytes.
    const sorted = shares.toSorted((a, b) => (a.name < b.name ? -1 : 1));
    const text = sorted.map(({ name, revision, chunks }) => `${name} ${revision} ${chunks.join(',')}\n`).join('');
    // In memory of its own: a small `Buffer.from` keeps all of Node's pool.
    const bytes = Buffer.allocUnsafeSlow(text.length);
    bytes.write(text, 'latin1');
    return new StreamTable(bytes, shares.length);
  }

  /** Undefined for a stream that the segment holds nothing of. */
  find(name: string): StreamShare | undefined {
    const start = this.#from(name);
    if (this.#compare(name, start) !== 0) return undefined;
    const end = this.bytes.indexOf(lineFeed, start);
    const [revision, chunks = ''] = this.bytes.toString('latin1', start + name.length + 1, end).split(' ');
    return { name, revision: Number(revision), chunks: chunks.split(',').map(Number) };
  }

  /** The names that begin with `prefix`. */
  *names(prefix: string): Iterable<string> {
    const { bytes } = this;
    for (let start = this.#from(prefix); start < bytes.length; start = bytes.indexOf(lineFeed, start) + 1) {
      const name = bytes.toString('latin1', start, bytes.indexOf(space, start));
      if (!name.startsWith(prefix)) return;
      yield name;
    }
  }

  /** Where the first line begins whose name does not come before this one; the end of the bytes when there is none. */
  #from(name: string): number {
    // Most names that are asked for in vain are new, and later than all that are here.
    if (this.#compare(name, this.#last) > 0) return this.bytes.length;
    if (this.#compare(name, 0) <= 0) return 0;
    let low = 0;
    let high = this.#last;
    while (low < high) {
      const middle = this.#lineStart((low + high) >>> 1);
      if (this.#compare(name, middle) <= 0) high = middle;
      else low = this.bytes.indexOf(lineFeed, middle) + 1;
    }
    return low;
  }

  #lineStart(at: number): number {
    // `lastIndexOf` takes a negative place for one from the end.
    return at <= 0 ? 0 : this.bytes.lastIndexOf(lineFeed, at - 1) + 1;
  }

  /** Negative when the name comes before the one of the line at `start`, 0 when it is that one, else positive. */
  #compare(name: string, start: number): number {
    const { bytes } = this;
    for (let index = 0; index < name.length; index += 1) {
      const byte = bytes[start + index] ?? space;
      // The other name ends here. What is asked for may have a space, and then is no name.
      if (byte === space) return 1;
      const difference = name.charCodeAt(index) - byte;
      if (difference !== 0) return difference;
    }
    return bytes[start + name.length] === space ? 0 : -1;
  }
}
