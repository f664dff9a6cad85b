import {
  findRecords,
  parseJsonLine,
  type FoundRecords,
  type Line,
  type MalformedRecord,
  type OversizeLine,
} from '@runtime/adapter-kit/source';
import { readEcho, readRecord, type Malformed, type PiRecord } from '../wire.ts';

/** Bytes that are not a record of Pi. */
interface Unreadable extends Pick<MalformedRecord, 'head' | 'size' | 'reason'> {
  readonly type: 'unreadable';
}

/** What one line holds. */
export interface LineRecords {
  readonly found: readonly (PiRecord | Unreadable)[];
  /** A record was spoiled, or may have been: what Pi did is not known for certain. */
  readonly lost: boolean;
}

/** Pi writes JSON without spaces, and in each record `type` comes first, or `id` does. */
const openings = ['{"type":"', '{"id":"'];
/** Deeper than any record that is used, so that a deep one is found before it is refused. */
const foundDepth = 4096;
/** How many lines a record may be cut into, and how long it may be, to be put together again. */
const maxPieces = 8;
const maxJoinedBytes = 1024 * 1024;
const sampleBytes = 4096;
const nothing: LineRecords = { found: [], lost: false };

/**
 * Reads lines of Pi's output one after the other. Whatever runs in Pi can write to the same descriptor: its bytes stick
 * to a record, join two, or cut one in pieces. What is still whole is found; the rest is unreadable.
 */
export class LineReader {
  /** A record that the line before cut off. */
  #unfinished: { readonly bytes: Buffer; readonly expectsValue: boolean; readonly pieces: number } | undefined;

  /** The next line may be the rest of a record. */
  get isWithinRecord(): boolean {
    return this.#unfinished !== undefined;
  }

  take(line: Line | OversizeLine): LineRecords {
    if (line.kind === 'oversize') {
      const echo = readEcho(beginningOf(line.head));
      const own = echo ?? unreadable(line.head, line.end - line.start - 1, 'the line is too long');
      return this.#behindUnfinished({ found: [own], lost: echo === undefined });
    }
    const { bytes } = line;
    if (bytes.length === 0) return nothing;
    const parsed = parseJsonLine(bytes);
    const record = parsed.ok ? readRecord(parsed.value) : undefined;
    const isRecord = record !== undefined && record.type !== 'malformed';
    if (this.#unfinished && (!isRecord || this.#unfinished.expectsValue)) {
      const joined = this.#join(bytes);
      if (joined) return joined;
    }
    if (parsed.ok && record) return this.#behindUnfinished(ofRecord(record, parsed.value, bytes));
    return this.#search(bytes, parsed.ok ? '' : parsed.reason);
  }

  /** What the end of the output leaves over. */
  finish(): LineRecords {
    return this.#behindUnfinished(nothing);
  }

  fork(): LineReader {
    const copy = new LineReader();
    copy.#unfinished = this.#unfinished;
    return copy;
  }

  #search(bytes: Buffer, reason: string): LineRecords {
    const found = findRecords(bytes, { openings, maxDepth: foundDepth });
    const own = sliced(found, reason);
    const { unfinished } = found;
    const isForeign = found.records.length === 0 && !unfinished;
    const before = this.#unfinished;
    // A line of others may stand within a record.
    if (before && isForeign && before.pieces < maxPieces) {
      this.#unfinished = { ...before, pieces: before.pieces + 1 };
      return own;
    }
    const all = this.#behindUnfinished(own);
    this.#unfinished = unfinished && { ...unfinished, pieces: 1 };
    return unfinished ? { ...all, lost: true } : all;
  }

  /** The record that was cut off with this line as its continuation; undefined if it is none. */
  #join(bytes: Buffer): LineRecords | undefined {
    const before = this.#unfinished;
    if (!before || before.pieces >= maxPieces || before.bytes.length + bytes.length > maxJoinedBytes) return undefined;
    const found = findRecords(Buffer.concat([before.bytes, bytes]), { openings, maxDepth: foundDepth });
    const { unfinished } = found;
    const goesOn = unfinished?.bytes.length === before.bytes.length + bytes.length;
    if (!goesOn && (found.records.length === 0 || found.foreign.length > 0)) return undefined;
    this.#unfinished = unfinished && { ...unfinished, pieces: goesOn ? before.pieces + 1 : 1 };
    // Bytes of others may be in it all the same.
    return { ...sliced(found, ''), lost: true };
  }

  /** The record that was cut off is not continued: it comes first, as unreadable. */
  #behindUnfinished(own: LineRecords): LineRecords {
    const before = this.#unfinished;
    if (!before) return own;
    this.#unfinished = undefined;
    return {
      found: [unreadable(before.bytes, before.bytes.length, 'the record is cut off'), ...own.found],
      lost: true,
    };
  }
}

function sliced({ records, foreign, lost }: FoundRecords, reason: string): LineRecords {
  const read = records.map((bytes) => {
    const parsed = parseJsonLine(bytes);
    if (parsed.ok) return ofRecord(readRecord(parsed.value), parsed.value, bytes);
    const echo = readEcho(beginningOf(bytes));
    return echo
      ? { found: [echo], lost: false }
      : { found: [unreadable(bytes, bytes.length, parsed.reason)], lost: true };
  });
  const size = foreign.reduce((sum, bytes) => sum + bytes.length, 0);
  const why = records.length === 0 && reason !== '' ? reason : 'bytes of others beside a record';
  return {
    found: [...(size === 0 ? [] : [unreadable(headOfAll(foreign), size, why)]), ...read.flatMap(({ found }) => found)],
    lost: lost || read.some((each) => each.lost),
  };
}

function ofRecord(record: PiRecord | Malformed, value: unknown, bytes: Buffer): LineRecords {
  if (record.type !== 'malformed') return { found: [record], lost: false };
  // Written anew without escapes, which could hide a secret.
  const head = Buffer.from(JSON.stringify(value).slice(0, sampleBytes));
  return { found: [unreadable(head, bytes.length, record.reason)], lost: true };
}

/** Long enough to recognise an echo, see `readEcho`. */
const beginningOf = (line: Buffer): string => line.toString('latin1', 0, 80);

function headOfAll(pieces: readonly Buffer[]): Buffer {
  const heads: Buffer[] = [];
  let room = sampleBytes;
  for (const piece of pieces) {
    if (room <= 0) break;
    heads.push(piece.subarray(0, room));
    room -= piece.length;
  }
  return Buffer.concat(heads);
}

const unreadable = (head: Buffer, size: number, reason: string): Unreadable => ({
  type: 'unreadable',
  head: head.subarray(0, sampleBytes),
  size,
  reason,
});
