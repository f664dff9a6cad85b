import { eachLine, Line, parseLine } from '../format/line.ts';
import type { LogFile } from '../fs/log-fs.ts';
import type { Block } from '../fs/read-blocks.ts';
import { readBlocks } from '../fs/read-blocks.ts';
import { LogState } from '../state/log-state.ts';

export interface Damage {
  /** The line that does not fit. */
  readonly offset: number;
  readonly problem: string;
}

export interface Scan {
  /** Where the last whole batch ends. What comes after is damaged, unfinished or empty. */
  readonly end: number;
  /** Where the last line that is not empty ends, whole or not. */
  readonly contentEnd: number;
  readonly damage: Damage | undefined;
  /** How much of the file was durable according to whole lines after the damage: beyond `end`, the damage is no torn write. */
  readonly claimed: number;
  /** The first line with a right checksum from the damage on; undefined when there is none. */
  readonly nextValid: number | undefined;
}

export interface ScanOptions {
  readonly from?: number;
  /** Stop at the first empty or damaged line instead of looking at what follows. For a file that is being written to. @default false */
  readonly eager?: boolean;
  /** Take the first line as it comes, after damage before it. @default false */
  readonly resync?: boolean;
}

/** Reads a segment into the state, up to the first damage; then looks on for lines that say what had been durable. */
export async function scanSegment(file: LogFile, state: LogState, options: ScanOptions = {}): Promise<Scan> {
  const scanner = new SegmentScanner(state, options);
  for await (const block of readBlocks(file, options.from ?? 0)) {
    // A block begins with a line, and an empty one has nothing behind it.
    if (options.eager && block.bytes[0] === 0x0a) break;
    scanner.read(block);
    if (options.eager && scanner.damage) break;
  }
  return scanner.finish();
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
      // The line that was to be taken as it comes and still does not fit is not offered again.
      if (offset + found !== this.#resyncAt) this.#nextValid ??= offset + found;
    });
  }

  /** A whole line at the end of a damaged one: the line feed between them is what was damaged. -1 when there is none. */
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
    } else this.damage = { offset: offset + start, problem };
  }

  finish(): Scan {
    if (this.#state.openBatchOffset !== undefined && !this.damage) {
      this.damage = { offset: this.end, problem: 'a batch without its end' };
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
 * How much of a file was durable according to lines after the damage at `end`, where another process may be writing: its end may be half-written,
 * and a later line may have come while we read. What a whole line calls durable was there before that line,
 * so real damage is what a second look, after the claim was seen, still cannot read. 0 when there is none.
 */
export async function lastingClaim(file: LogFile, end: number): Promise<number> {
  const first = await scanSegment(file, new LogState());
  if (first.end > end || first.claimed <= end) return 0;
  const second = await scanSegment(file, new LogState());
  return second.end > end ? 0 : second.claimed;
}
