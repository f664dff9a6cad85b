import { join } from 'node:path';
import { checkpointName, segmentName } from '../format/file-names.ts';
import type { LineBuffer } from '../format/line-buffer.ts';
import { encodeRecord, formatVersion } from '../format/records.ts';
import { isFull, removeIfThere, WriteFailure, writeSynced } from '../fs/files.ts';
import type { LogFs } from '../fs/log-fs.ts';
import { writeCheckpoint } from '../state/checkpoint.ts';
import type { SegmentEntry } from '../state/log-index.ts';
import type { LogState } from '../state/log-state.ts';
import type { Problems } from '../state/problems.ts';
import { ActiveSegment, type ActiveSegmentOptions } from './active-segment.ts';

export interface SegmentChainOptions {
  readonly fs: LogFs;
  readonly dir: string;
  readonly state: LogState;
  readonly problems: Problems;
  readonly clock: () => number;
  readonly epoch: number;
  readonly segmentBytes: number;
  readonly preallocateBytes: number;
}

/** The segments as the writer sees them: one is active; when it is full the next begins, and the old one is closed. */
export class SegmentChain {
  /** Where the last write began in its segment. */
  committedFrom = 0;
  #active: ActiveSegment | undefined;
  #segment: SegmentEntry | undefined;
  #closing: Promise<void> = Promise.resolve();
  readonly #options: SegmentChainOptions;

  constructor(options: SegmentChainOptions) {
    this.#options = options;
  }

  get segment(): SegmentEntry {
    if (!this.#segment) throw new Error('no segment is open');
    return this.#segment;
  }

  get allDurable(): boolean {
    return this.#active !== undefined && this.#active.synced === this.#active.end;
  }

  /** Goes on in an existing segment: cuts it at `end`, which removes a torn tail, and makes the rest durable. */
  async resume(segment: SegmentEntry, end: number): Promise<void> {
    const active = await ActiveSegment.open(this.#activeOptions(segment.number, end));
    try {
      await active.settleAtEnd();
    } catch (error) {
      await active.release();
      throw error;
    }
    this.#active = active;
    this.#segment = segment;
  }

  /** Begins the next segment. Everything before it is made durable first, because its header says so. */
  async begin(number: number): Promise<void> {
    const { fs, dir, state, clock, epoch } = this.#options;
    const path = join(dir, segmentName(number));
    await this.#active?.sync();
    const record = {
      log: 'segment',
      version: formatVersion,
      logId: state.logId,
      segment: number,
      epoch,
      base: state.position,
      time: clock(),
    };
    const header = encodeRecord(record, 0);
    try {
      await writeSynced(fs, path, header);
      await fs.syncDir(dir);
    } catch (error) {
      if (isFull(error)) {
        await removeIfThere(fs, path);
        throw new WriteFailure(0, error instanceof WriteFailure ? error.cause : error);
      }
      throw error;
    }
    const previous = { active: this.#active, segment: this.#segment };
    this.#active = await ActiveSegment.open(this.#activeOptions(number, header.length));
    this.#segment = state.index.addSegment(number, state.position, false);
    this.#segment.end = header.length;
    this.#closing = this.#closing.then(() => this.#closeBehind(previous.active, previous.segment));
  }

  /** Writes a line of the log's own. Durable when it resolves. */
  async writeRecord(record: object): Promise<void> {
    const active = this.#activeNow();
    await active.sync();
    const bytes = encodeRecord({ ...record, time: this.#options.clock() }, active.end);
    try {
      await active.write(bytes, true);
    } catch (error) {
      if (error instanceof WriteFailure && isFull(error)) await active.keep(0);
      throw error;
    }
    this.segment.end = active.end;
  }

  /** True when that many bytes fit into the active segment. */
  fits(bytes: number): boolean {
    return this.#activeNow().end + bytes <= this.#options.segmentBytes;
  }

  /** Writes a group into one segment. Throws WriteFailure when there is no room: then `keep` must follow. */
  async write(lines: LineBuffer, durable: boolean): Promise<void> {
    const active = this.#activeNow();
    if (lines.length === 0) {
      if (durable) await active.sync();
      return;
    }
    if (!this.fits(lines.length) && this.segment.last > this.segment.base) {
      await this.begin(active.number + 1);
    }
    const target = this.#activeNow();
    this.committedFrom = target.end;
    await target.write(lines.finish(target.synced), durable);
  }

  async keep(bytes: number): Promise<void> {
    await this.#activeNow().keep(bytes);
  }

  /** Closes all files: with `cut` at their length, without it as they are. */
  async close(cut: boolean): Promise<void> {
    const active = this.#active;
    this.#active = undefined;
    await this.#closing;
    if (cut) await active?.close();
    else await active?.release();
  }

  /** Cuts a closed segment that a crash left with line feeds at its end, and writes the checkpoint that it lacks. */
  async tidy(segment: SegmentEntry): Promise<void> {
    const file = await this.#options.fs.open(join(this.#options.dir, segmentName(segment.number)), 'write');
    try {
      if ((await file.size()) > segment.end) {
        await file.truncate(segment.end);
        await file.sync();
      }
    } finally {
      await file.close();
    }
    await this.#checkpoint(segment);
  }

  /** A failure costs nothing but time at the next opening. */
  async #checkpoint(segment: SegmentEntry): Promise<void> {
    const { fs, dir, state, problems } = this.#options;
    try {
      await writeCheckpoint(fs, dir, state.logId, state.index, segment);
    } catch (error) {
      problems.add({
        file: checkpointName(segment.number),
        problem: String(error),
        action: 'not written; the next opening reads the whole segment',
      });
    }
  }

  /** Runs beside later appends. */
  async #closeBehind(active: ActiveSegment | undefined, segment: SegmentEntry | undefined): Promise<void> {
    try {
      await active?.close();
    } catch (error) {
      // All of its events are durable already; only line feeds may be left behind.
      if (segment)
        this.#options.problems.add({
          file: segmentName(segment.number),
          problem: String(error),
          action: 'not cut to its length; readers skip the empty lines',
        });
      return;
    }
    if (segment) await this.#checkpoint(segment);
  }

  #activeNow(): ActiveSegment {
    if (!this.#active) throw new Error('no segment is open');
    return this.#active;
  }

  #activeOptions(number: number, end: number): ActiveSegmentOptions {
    const { fs, dir, segmentBytes, preallocateBytes } = this.#options;
    return { fs, dir, number, end, segmentBytes, preallocateBytes };
  }
}
