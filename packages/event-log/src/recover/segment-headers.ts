import { join } from 'node:path';
import { segmentName } from '../format/file-names.ts';
import { decodeHeader, headerBytes, type SegmentRecord } from '../format/records.ts';
import { readFileUpTo } from '../fs/files.ts';
import type { LogFs } from '../fs/log-fs.ts';

/** The segments of a directory by their headers: which of them hold lines, and how much of each counts. */
export class SegmentHeaders {
  readonly numbers: readonly number[];
  readonly #fs: LogFs;
  readonly #dir: string;
  #ends: Promise<ReadonlyMap<number, number | undefined>> | undefined;

  constructor(fs: LogFs, dir: string, numbers: readonly number[]) {
    this.#fs = fs;
    this.#dir = dir;
    this.numbers = numbers;
  }

  /** The last segment that has a whole header; 0 when none has. Later ones were begun and never written to. */
  async lastWhole(): Promise<number> {
    for (const number of this.numbers.toReversed()) if (await this.#header(number)) return number;
    return 0;
  }

  /**
   * How many bytes of a segment before the last one count: 0 for one that was begun and never used, or that a rewritten one
   * has taken up; undefined for all of them, of a rewritten one or where the next segment does not say.
   */
  async endOf(number: number): Promise<number | undefined> {
    this.#ends ??= this.#readEnds();
    const ends = await this.#ends;
    return ends.has(number) ? ends.get(number) : 0;
  }

  /**
   * The numbers of segments that the ones after them name, and that are not there. A number may be missing that no
   * segment names: its writer found no room for it.
   */
  async missing(): Promise<readonly number[]> {
    const { numbers } = this;
    if (numbers.every((number, order) => order === 0 || number === (numbers[order - 1] ?? 0) + 1)) return [];
    this.#ends ??= this.#readEnds();
    return [...(await this.#ends).keys()].filter((number) => number > 0 && !numbers.includes(number)).toReversed();
  }

  /** From the last segment back, since each names the one before it: a late writer may have begun others in between. */
  async #readEnds(): Promise<ReadonlyMap<number, number | undefined>> {
    const ends = new Map<number, number | undefined>();
    let number = await this.lastWhole();
    while (number > (this.numbers[0] ?? 0)) {
      const previous = (await this.#header(number))?.previous;
      number = previous?.segment ?? number - 1;
      // The next segment speaks of the file as it was written at first.
      const isRewritten = (await this.#header(number))?.sparse === true;
      ends.set(number, isRewritten ? undefined : previous?.end);
    }
    return ends;
  }

  async #header(number: number): Promise<SegmentRecord | undefined> {
    if (!this.numbers.includes(number)) return undefined;
    const bytes = await readFileUpTo(this.#fs, join(this.#dir, segmentName(number)), headerBytes);
    return bytes && decodeHeader(bytes);
  }
}
