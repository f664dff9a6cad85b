import { join } from 'node:path';
import { systemCode } from '@runtime/contracts';
import { checkpointName, segmentName } from '../format/file-names.ts';
import type { LineBuffer } from '../format/line-buffer.ts';
import { encodeRecord, formatVersion } from '../format/records.ts';
import { isFull, WriteFailure, writeFully } from '../fs/files.ts';
import type { LogFs } from '../fs/log-fs.ts';
import { writeCheckpoint } from '../state/checkpoint.ts';
import type { SegmentEntry } from '../state/log-index.ts';
import type { LogState } from '../state/log-state.ts';
import type { Problems } from '../state/problems.ts';
import { ActiveSegment, SegmentLost, type ActiveSegmentOptions } from './active-segment.ts';
import type { Claim } from './claim.ts';
import { cutSegment, type PreviousSegment } from './closed-segment.ts';

export interface SegmentChainOptions {
  readonly fs: LogFs;
  readonly dir: string;
  readonly state: LogState;
  readonly problems: Problems;
  readonly clock: () => number;
  readonly claim: Claim;
  readonly segmentBytes: number;
  readonly preallocateBytes: number;
}

/**
 * A closed segment of this length is left, and its checkpoint read: scanning it takes ten milliseconds and more, at each
 * opening. Half a segment where those are shorter.
 */
const longBytes = 4 * 1024 * 1024;

/** Another process has created the next segment. */
export class SegmentTaken extends Error {
  constructor() {
    super('another process has begun the next segment');
  }
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

  /**
   * True while this writer is the last one that opened the log and the file that it writes to is the one at its path.
   * What is asked between a write and its acknowledgement.
   */
  get ownsFiles(): boolean {
    return this.#options.claim.holds && this.#activeNow().intact;
  }

  /** Goes on in a segment that its writer has closed. */
  async resume(segment: SegmentEntry): Promise<void> {
    const active = await ActiveSegment.open(this.#activeOptions(segment.number, segment.end));
    try {
      if (!active.intact) throw new SegmentLost();
      await active.settleAtEnd();
    } catch (error) {
      await active.release();
      throw error;
    }
    this.#active = active;
    this.#segment = segment;
  }

  /**
   * Begins a segment. Everything before it is durable, because its header says so. Throws SegmentTaken when there is one
   * of this number, WriteFailure when there is no room.
   */
  async begin(number: number, previous: PreviousSegment | undefined): Promise<void> {
    const { state, claim, clock } = this.#options;
    await this.#active?.sync();
    const record = {
      log: 'segment',
      version: formatVersion,
      logId: state.logId,
      segment: number,
      epoch: claim.epoch,
      base: state.position,
      ...(previous ? { previous } : {}),
      time: clock(),
    };
    const header = encodeRecord(record, 0);
    await this.#create(number, header);
    const closed = this.#active && this.#segment ? { active: this.#active, segment: this.#segment } : undefined;
    this.#active = await ActiveSegment.open(this.#activeOptions(number, header.length));
    this.#segment = state.index.addSegment(number, state.position, false);
    this.#segment.end = header.length;
    if (!closed) return;
    const { base } = this.#segment;
    this.#closing = this.#closing.then(async () => {
      await this.note(number, base);
      await this.#closeBehind(closed.active, closed.segment);
    });
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

  /** Writes the log's last line, and the checkpoint of a long segment. Nothing touches the segment after it. */
  async finish(record: object): Promise<void> {
    const active = this.#activeNow();
    await active.sync();
    await active.finish(encodeRecord({ ...record, time: this.#options.clock() }, active.end));
    this.segment.end = active.end;
    if (!this.isLong(active.end) || !this.ownsFiles) return;
    this.#options.state.index.seal();
    await this.checkpoint(this.segment, false);
  }

  /** True for a segment of this length that is not continued once it is closed. */
  isLong(end: number): boolean {
    return end >= Math.min(longBytes, this.#options.segmentBytes / 2);
  }

  /** True when that many bytes fit into the active segment. */
  fits(bytes: number): boolean {
    return this.#activeNow().end + bytes <= this.#options.segmentBytes;
  }

  /** Begins the next segment, where this one has an event. What was written is to be committed. */
  async roll(): Promise<void> {
    const { number, end } = this.#activeNow();
    if (this.segment.last > this.segment.base) await this.begin(number + 1, { segment: number, end });
  }

  /** Resolves when the segments behind the active one have their length, and those that can their checkpoints. */
  settled(): Promise<void> {
    return this.#closing;
  }

  /** Writes a group into one segment. Throws WriteFailure when there is no room: then `keep` must follow. */
  async write(lines: LineBuffer, durable: boolean): Promise<void> {
    const active = this.#activeNow();
    if (lines.length === 0) {
      if (durable) await active.sync();
      return;
    }
    if (!this.fits(lines.length)) await this.roll();
    const target = this.#activeNow();
    this.committedFrom = target.end;
    await target.write(lines.finish(target.synced), durable);
  }

  async keep(bytes: number): Promise<void> {
    await this.#activeNow().keep(bytes);
  }

  /** Notes in the claim that the log is durable up to this position. A failure costs nothing but a proof. */
  async note(segment: number, position: number): Promise<void> {
    const { claim, state, problems } = this.#options;
    try {
      await claim.note({ logId: state.logId, epoch: claim.epoch, segment, position });
    } catch (error) {
      problems.add({ file: claim.name, problem: String(error), action: 'not written; the log goes on' });
    }
  }

  /** Closes all files: with `cut` at their length, without it as they are. */
  async close(cut: boolean): Promise<void> {
    const active = this.#active;
    this.#active = undefined;
    await this.#closing;
    try {
      if (cut && active) {
        await active.close();
        await this.note(active.number, this.#options.state.position);
      } else await active?.release();
    } finally {
      await this.#options.claim.release();
    }
  }

  /** Cuts the segments before the active one at their ends, and writes the checkpoints that they lack. */
  async tidy(): Promise<void> {
    const { fs, dir, state } = this.#options;
    for (const segment of state.index.segments) {
      if (segment === this.#segment || segment.saved) continue;
      await cutSegment(fs, dir, { segment: segment.number, end: segment.end });
      await this.checkpoint(segment, true);
    }
  }

  async #create(number: number, header: Uint8Array): Promise<void> {
    const { fs, dir } = this.#options;
    const path = join(dir, segmentName(number));
    try {
      const file = await fs.open(path, 'create');
      try {
        await writeFully(file, header, 0);
        await file.sync();
        await fs.syncDir(dir);
      } catch (error) {
        // No other process can have a file of this name, which only its creator removes.
        if (isFull(error)) await fs.remove(path);
        throw error;
      } finally {
        await file.close();
      }
    } catch (error) {
      if (systemCode(error) === 'EEXIST') throw new SegmentTaken();
      if (isFull(error)) throw new WriteFailure(0, error instanceof WriteFailure ? error.cause : error);
      throw error;
    }
  }

  /** Writes the checkpoint of a closed segment. A failure costs nothing but time at the next opening. */
  async checkpoint(segment: SegmentEntry, next: boolean): Promise<void> {
    const { fs, dir, state, problems } = this.#options;
    try {
      await writeCheckpoint(fs, dir, state.index, { logId: state.logId, segment, next });
    } catch (error) {
      problems.add({
        file: checkpointName(segment.number),
        problem: String(error),
        action: 'not written; the next opening reads the whole segment',
      });
    }
  }

  /** Runs beside later appends. */
  async #closeBehind(active: ActiveSegment, segment: SegmentEntry): Promise<void> {
    try {
      await active.close();
    } catch (error) {
      // All of its events are durable already; only line feeds may be left behind.
      this.#options.problems.add({
        file: segmentName(segment.number),
        problem: String(error),
        action: 'not cut to its length; readers skip the empty lines',
      });
      return;
    }
    await this.checkpoint(segment, true);
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
