import { lineText, type Line } from '../format/line.ts';
import { formatVersion, parseJson, systemRecordSchema, type SystemRecord } from '../format/records.ts';
import { Epochs } from './epochs.ts';
import { LogIndex, type SegmentEntry } from './log-index.ts';
import { StreamNames } from './stream-names.ts';

/** The lines of a batch whose last line was not read yet. */
interface OpenBatch {
  readonly stream: string;
  /** The revision before its first one. */
  readonly before: number;
  readonly first: number;
  readonly offset: number;
  lines: number;
  more: number;
}

const behindEnd = 'a line behind the end that the checkpoint of this segment tells';

/**
 * What follows from the lines read so far: writers, positions, streams. Each line must fit the lines before it.
 * Recovery, followers and `verifyLog` all read through this.
 */
export class LogState {
  logId = '';
  /** The last position of a whole batch. */
  position = 0;
  /** The last position before the first existing segment; 0 unless the log was pruned. */
  origin = 0;
  events = 0;
  readonly epochs = new Epochs();
  readonly index = new LogIndex();
  readonly #names = new StreamNames();
  /** The epoch whose writer closed the log with the last line; 0 when the last line is another. */
  closedBy = 0;
  #segment: SegmentEntry | undefined;
  #batch: OpenBatch | undefined;
  /** After pruning, revisions of a stream may begin and go on anywhere. */
  #pruned = false;
  /** The epoch whose line may have been removed with the segments before the first one. */
  #assumedEpoch = 0;
  /** The next line is accepted although lines before it are missing. */
  #lenient = false;

  get segment(): SegmentEntry | undefined {
    return this.#segment;
  }

  /** Where the unfinished batch begins; undefined when there is none. */
  get openBatchOffset(): number | undefined {
    return this.#batch?.offset;
  }

  /** Forgets the unfinished batch. */
  dropOpenBatch(): void {
    this.#batch = undefined;
  }

  /** Takes the next line, or returns what is wrong with it; then nothing has changed. */
  accept(bytes: Buffer, start: number, offset: number, end: number, line: Line): string | undefined {
    // In a rewritten segment lines do not lie where they were written.
    if (line.synced > offset && !this.#loose) return 'bytes are missing before this line';
    if (line.event) {
      this.#lenient = false;
      return this.#acceptEvent(bytes, offset, end, line);
    }
    if (this.#batch) return 'a batch without its end';
    const record = systemRecordSchema.safeParse(parseJson(lineText(bytes, start, line)));
    if (!record.success) return 'not a line of this format';
    const problem = this.#acceptRecord(record.data, offset);
    this.#lenient = false;
    if (problem === undefined && this.#segment) this.#segment.end = end;
    return problem;
  }

  /** Takes over a segment from its checkpoint, unread. */
  adopt(segment: SegmentEntry): void {
    this.closedBy = 0;
    this.#segment = segment;
    this.#pruned ||= segment.sparse;
    this.position = segment.last;
    for (const entry of segment.epochs) this.epochs.add(entry);
  }

  /** Goes on at this line after a damaged stretch, so that one problem is not reported many times. */
  resync(line: Line): void {
    this.#batch = undefined;
    this.#pruned = true;
    this.#lenient = true;
    if (line.event) this.position = Math.max(this.position, line.position - 1);
  }

  #acceptRecord(record: SystemRecord, offset: number): string | undefined {
    if (record.log === 'segment') return this.#acceptSegment(record, offset);
    if (!this.#segment) return 'no segment header before this line';
    if (this.#segment.table) return behindEnd;
    if (record.log === 'close') {
      if (record.last !== this.position && !this.#pruned) {
        return `closed at position ${record.last}, found ${this.position}`;
      }
      this.closedBy = record.epoch;
      return undefined;
    }
    this.closedBy = 0;
    if (record.epoch <= this.epochs.last && record.epoch !== this.#assumedEpoch)
      return `epoch ${record.epoch} after epoch ${this.epochs.last}`;
    if (record.after !== this.position && !(this.#loose && record.after > this.position)) {
      return `epoch ${record.epoch} begins after position ${record.after}, not ${this.position}`;
    }
    this.#assumedEpoch = 0;
    this.position = record.after;
    this.#segment.last = record.after;
    const entry = { epoch: record.epoch, after: record.after };
    this.epochs.add(entry);
    this.#segment.epochs.push(entry);
    return undefined;
  }

  #acceptSegment(record: SystemRecord & { log: 'segment' }, offset: number): string | undefined {
    if (offset !== 0) return 'a segment header inside a segment';
    if (record.version > formatVersion) return `written by format ${record.version}`;
    const first = this.#segment === undefined;
    if (!first && record.logId !== this.logId) return `belongs to log ${record.logId}, not ${this.logId}`;
    if (!first && record.base !== this.position && !(this.#loose && record.base > this.position)) {
      return `begins after position ${record.base}, not ${this.position}`;
    }
    if (first) {
      this.logId = record.logId;
      this.origin = record.base;
      if (record.base > 0) {
        this.#assumedEpoch = record.epoch;
        this.epochs.add({ epoch: record.epoch, after: 0 });
      }
    }
    this.position = record.base;
    this.#pruned ||= record.base > 0 && first;
    this.#pruned ||= record.sparse === true;
    this.closedBy = 0;
    this.#segment = this.index.addSegment(record.segment, record.base, record.sparse === true, record.rewrites);
    return undefined;
  }

  get #loose(): boolean {
    return this.#lenient || this.#segment?.sparse === true;
  }

  #acceptEvent(bytes: Buffer, offset: number, end: number, line: Line): string | undefined {
    if (!this.#segment || this.epochs.last === 0) return 'no header before this line';
    if (this.#segment.table) return behindEnd;
    const open = this.#batch;
    const expected = open ? open.first + open.lines : this.position + 1;
    if (line.position !== expected && !(this.#loose && !open && line.position > expected)) {
      return `position ${line.position} where ${expected} should be`;
    }
    const stream = this.#names.of(bytes, line);
    if (open && (open.stream !== stream || open.more !== line.more + 1))
      return 'a line of another batch inside a batch';
    const before = open?.before ?? this.index.revision(stream);
    const revision = before + (open?.lines ?? 0) + 1;
    if (line.revision !== revision && !(this.#pruned && !open && line.revision > revision)) {
      return `revision ${line.revision} of ${stream} where ${revision} should be`;
    }
    const batch = open ?? { stream, before: line.revision - 1, first: line.position, offset, lines: 0, more: 0 };
    batch.lines += 1;
    batch.more = line.more;
    this.#batch = batch;
    if (line.more === 0) this.#finishBatch(batch, line, end, this.#segment);
    return undefined;
  }

  #finishBatch(batch: OpenBatch, line: Line, end: number, segment: SegmentEntry): void {
    this.#batch = undefined;
    this.closedBy = 0;
    this.position = line.position;
    this.events += batch.lines;
    const { first, offset } = batch;
    const stream = this.index.stream(batch.stream, batch.before);
    stream.revision = line.revision;
    this.index.add(segment, { stream, first, last: line.position, revision: line.revision, offset, end });
  }
}
