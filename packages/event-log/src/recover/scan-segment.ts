import { eachLine, Line, parseLine } from '../format/line.ts';
import type { LogFile } from '../fs/log-fs.ts';
import { readBlocks, type Block } from '../fs/read-blocks.ts';
import { LogState } from '../state/log-state.ts';

interface Damage {
  /** The line that does not fit. */
  readonly offset: number;
  readonly problem: string;
  /** Where the bytes begin that were not there, or not right: behind the lines of a batch that has no end. */
  readonly at: number;
}

/** What a scan found. All offsets are bytes in the segment's file. */
export interface Scan {
  /** Where the last whole batch ends. Everything after it is damaged, unfinished or empty. */
  readonly end: number;
  /** Where the last line that is not empty ends, whole or not. */
  readonly contentEnd: number;
  readonly damage: Damage | undefined;
  /** Up to where the file was durable according to whole lines after the damage: beyond `end`, it is no torn write. */
  readonly claimed: number;
  /** The first line with a right checksum from the damage on; undefined when there is none. */
  readonly nextValid: number | undefined;
}

export interface ScanOptions {
  readonly from?: number;
  /** Where the segment ends, when the next one says so. @default at the end of the file */
  readonly to?: number;
  /**
   * Stop at the first empty or damaged line instead of looking at what follows. For a file that is being written to.
   * @default false
   */
  readonly eager?: boolean;
  /** Accept the first line whatever lines before it were damaged. @default false */
  readonly resync?: boolean;
}

/** Reads a segment into the state, up to the first damage; then goes on for lines that say what had been durable. */
export async function scanSegment(file: LogFile, state: LogState, options: ScanOptions = {}): Promise<Scan> {
  const scanner = new SegmentScanner(state, options);
  for await (const block of readBlocks(file, options.from ?? 0, options.to)) {
    // A block begins with a line; after an empty line comes nothing but line feeds written ahead.
    if (options.eager && block.bytes[0] === 0x0a) break;
    scanner.read(block);
    if (options.eager && scanner.damage) break;
  }
  return scanner.finish(options.to);
}

class SegmentScanner {
  end: number;
  damage: Damage | undefined;
  #contentEnd: number;
  #claimed = 0;
  #nextValid: number | undefined;
  #resyncAt: number;
  readonly #state: LogState;
  readonly #line = new Line();

  constructor(state: LogState, { from = 0, resync = false }: ScanOptions) {
    this.#state = state;
    this.end = from;
    this.#contentEnd = from;
    this.#resyncAt = resync ? from : -1;
  }

  read(block: Block): void {
    const { bytes, offset } = block;
    eachLine(bytes, (start, stop) => {
      this.#contentEnd = offset + Math.min(stop + 1, bytes.length);
      const valid = block.whole && parseLine(bytes, start, stop, this.#line);
      if (!this.damage) this.#take(bytes, start, stop, offset, valid);
      if (!this.damage) return;
      const found = valid ? start : block.whole ? this.#lineWithin(bytes, start, stop) : -1;
      if (found < 0) return;
      this.#claimed = Math.max(this.#claimed, this.#line.synced);
      // The line to resynchronise at is not returned again when it does not fit.
      if (offset + found !== this.#resyncAt) this.#nextValid ??= offset + found;
    });
  }

  /** Where a whole line begins inside of a damaged one, when only the line feed between them was damaged; else -1. */
  #lineWithin(bytes: Buffer, start: number, stop: number): number {
    for (const opening of ['{"position":', '{"log":']) {
      const at = bytes.subarray(start, stop).lastIndexOf(opening);
      if (at > 0 && parseLine(bytes, start + at, stop, this.#line)) return start + at;
    }
    return -1;
  }

  #take(bytes: Buffer, start: number, stop: number, offset: number, valid: boolean): void {
    const after = offset + stop + 1;
    if (valid && offset + start === this.#resyncAt) this.#state.resync(this.#line);
    const problem = valid
      ? this.#state.accept(bytes, start, offset + start, after, this.#line)
      : 'not a whole line with the right checksum';
    if (problem === undefined) {
      if (this.#state.openBatchOffset === undefined) this.end = after;
    } else this.damage = { offset: offset + start, problem, at: offset + start };
  }

  finish(to: number | undefined): Scan {
    if (this.#state.openBatchOffset !== undefined && !this.damage) {
      this.damage = { offset: this.end, problem: 'a batch without its end', at: this.#contentEnd };
    }
    if (to !== undefined && this.end < to && !this.damage) {
      const problem = `ends here, and the next segment says at ${to}`;
      this.damage = { offset: this.end, problem, at: this.#contentEnd };
    }
    this.#state.dropOpenBatch();
    return {
      end: this.end,
      contentEnd: this.#contentEnd,
      damage: this.damage,
      claimed: this.#claimed,
      nextValid: this.#nextValid,
    };
  }
}

/**
 * Up to where a file was durable according to lines after the bytes that were not right at `at`, where the last whole
 * batch ends at `end`; 0 when there is no such line. Another process may be writing: what was seen may be the middle of a
 * write, even of a line, and later lines may have appeared since. Bytes that a whole line calls durable were there before
 * that line, so whatever is not right by then is damage.
 */
export async function lastingClaim(file: LogFile, end: number, at: number): Promise<number> {
  const { claimed } = await scanSegment(file, new LogState(), { from: end });
  if (claimed <= at) return 0;
  return (await wholeTo(file, end)) > at ? 0 : claimed;
}

/**
 * Up to where whole lines follow one another from `from` on. Whether they fit is not asked: that depends on all segments
 * before this one.
 */
async function wholeTo(file: LogFile, from: number): Promise<number> {
  const line = new Line();
  let whole = from;
  for await (const { bytes, offset, whole: isWhole } of readBlocks(file, from)) {
    eachLine(bytes, (start, stop) => {
      if (isWhole && offset + start === whole && parseLine(bytes, start, stop, line)) whole = offset + stop + 1;
    });
  }
  return whole;
}
