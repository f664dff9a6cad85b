import { join } from 'node:path';
import { segmentName } from '../format/file-names.ts';
import { isFull, WriteFailure, writeFully } from '../fs/files.ts';
import type { LogFile, LogFs } from '../fs/log-fs.ts';

const firstStep = 64 * 1024;
/** How often the length of the file is looked at: asking for it makes the next write slower. */
const measureMs = 50;
/** Line feeds are written in pieces of this size. */
const blankPiece = Buffer.alloc(256 * 1024, 0x0a);

export interface ActiveSegmentOptions {
  readonly fs: LogFs;
  readonly dir: string;
  readonly number: number;
  /** The offset to write on from. Everything before it is durable. */
  readonly end: number;
  /** The largest stretch of line feeds written ahead at once. */
  readonly preallocateBytes: number;
  readonly segmentBytes: number;
}

/** The file at the segment's path is not the one that is written to, or was cut. */
export class SegmentLost extends Error {
  constructor() {
    super('the segment at its path is another file, or was cut');
  }
}

/**
 * The file that is written to. Line feeds lie ahead of its end: overwriting them needs no change of metadata, so that a
 * write through O_DSYNC is one trip to the medium, where an append and its sync are two. One `write` at a time; line
 * feeds are written beside it.
 * `write` throws WriteFailure when there is no room. After any other error the content of the file is unknown.
 */
export class ActiveSegment {
  readonly number: number;
  /** Where the next batch goes. */
  end: number;
  /** Everything before this offset is durable. */
  synced: number;
  #allocated: number;
  #step: number;
  #extending: Promise<void> | undefined;
  #extendError: unknown;
  #measuredAt = -Infinity;
  readonly #path: string;
  readonly #file: LogFile;
  readonly #durableFile: LogFile;
  readonly #options: ActiveSegmentOptions;

  private constructor(options: ActiveSegmentOptions, file: LogFile, durableFile: LogFile) {
    this.number = options.number;
    this.end = options.end;
    this.synced = options.end;
    this.#allocated = options.end;
    this.#options = options;
    this.#path = join(options.dir, segmentName(options.number));
    this.#step = Math.min(firstStep, options.preallocateBytes);
    this.#file = file;
    this.#durableFile = durableFile;
  }

  static async open(options: ActiveSegmentOptions): Promise<ActiveSegment> {
    const path = join(options.dir, segmentName(options.number));
    const file = await options.fs.open(path, 'write');
    try {
      return new ActiveSegment(options, file, await options.fs.open(path, 'write-durable'));
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /**
   * False when the file at its path is another, or shorter than what is written: then what was written last may be lost.
   */
  get intact(): boolean {
    return performance.now() - this.#measuredAt < measureMs ? this.#file.isAt(this.#path) : this.#isLongEnough();
  }

  #isLongEnough(): boolean {
    this.#measuredAt = performance.now();
    const length = this.#file.lengthAt(this.#path);
    return length !== undefined && length >= this.#allocated;
  }

  /** Cuts the file at `end` and makes everything before it durable. */
  async settleAtEnd(): Promise<void> {
    await this.#file.truncate(this.end);
    await this.#file.sync();
    this.#allocated = this.end;
  }

  async write(bytes: Uint8Array, durable: boolean): Promise<void> {
    const end = this.end + bytes.byteLength;
    // A write that makes the file longer hides that another program has cut it.
    if (end > this.#allocated && !this.#isLongEnough()) throw new SegmentLost();
    // A write that is not synced gains nothing from line feeds; it only keeps clear of those being written.
    if (durable || this.#extending || this.#extendError !== undefined) await this.#makeRoom(end, durable);
    // O_DSYNC covers its own bytes only: while anything before them is not durable, it takes a sync of the file.
    const direct = durable && this.synced === this.end && end <= this.#allocated;
    await writeFully(direct ? this.#durableFile : this.#file, bytes, this.end);
    this.end = end;
    this.#allocated = Math.max(this.#allocated, end);
    if (direct) this.synced = end;
    else if (durable) await this.sync();
    if (durable && this.#allocated - end < this.#step / 2) this.#extend(this.#allocated + this.#step);
  }

  async sync(): Promise<void> {
    if (this.synced === this.end) return;
    const end = this.end;
    await this.#file.sync();
    this.synced = end;
  }

  /** After a write that found no room: keeps its first `kept` bytes and removes the rest from the file. */
  async keep(kept: number): Promise<void> {
    await this.#settleExtension();
    this.end += kept;
    await this.settleAtEnd();
    this.synced = this.end;
  }

  /** Cuts the file at its end and writes its last line, durable. After that nothing touches the file any more. */
  async finish(bytes: Uint8Array): Promise<void> {
    await this.#settleExtension();
    if (this.#allocated > this.end) await this.#file.truncate(this.end);
    this.#allocated = this.end;
    try {
      await writeFully(this.#file, bytes, this.end);
    } catch (error) {
      if (error instanceof WriteFailure && isFull(error)) await this.#file.truncate(this.end);
      throw error;
    }
    this.end += bytes.byteLength;
    this.#allocated = this.end;
    await this.sync();
  }

  /** Cuts the file at its end, so that no line feeds are left behind, and closes it. */
  async close(): Promise<void> {
    try {
      await this.#settleExtension();
      if (this.#allocated > this.end) await this.#file.truncate(this.end);
      if (this.#allocated > this.end || this.synced < this.end) await this.#file.sync();
    } finally {
      await this.release();
    }
  }

  /** Closes the file as it is. */
  async release(): Promise<void> {
    await this.#extending;
    await this.#file.close();
    await this.#durableFile.close();
  }

  async #makeRoom(end: number, durable: boolean): Promise<void> {
    if (end > this.#allocated) {
      await this.#extending;
      if (durable && end > this.#allocated && this.#extendError === undefined) {
        this.#extend(end + this.#step);
        await this.#extending;
      }
    }
    if (this.#extendError !== undefined) throw this.#extendError;
  }

  async #settleExtension(): Promise<void> {
    await this.#extending;
    if (this.#extendError !== undefined) throw this.#extendError;
  }

  #extend(wanted: number): void {
    const { preallocateBytes, segmentBytes } = this.#options;
    const target = Math.min(wanted, Math.max(segmentBytes, this.end));
    if (preallocateBytes === 0 || this.#extending || target <= this.#allocated) return;
    this.#step = Math.min(this.#step * 2, preallocateBytes);
    this.#extending = this.#writeBlanks(target).then(
      () => {
        this.#extending = undefined;
      },
      (error: unknown) => {
        this.#extending = undefined;
        this.#extendError = error;
      },
    );
  }

  /** A full disk is no error here: the write that needs the room will fail by itself. */
  async #writeBlanks(target: number): Promise<void> {
    let at = this.#allocated;
    if (!this.#isLongEnough()) throw new SegmentLost();
    try {
      while (at < target) {
        const piece = blankPiece.subarray(0, Math.min(blankPiece.length, target - at));
        await writeFully(this.#file, piece, at);
        at += piece.length;
      }
    } catch (error) {
      if (!isFull(error)) throw error;
    }
    await this.#file.sync();
    this.#allocated = at;
  }
}
