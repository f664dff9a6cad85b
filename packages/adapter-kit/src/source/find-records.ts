import { initialEscapeState, readEscapes } from '../terminal/read-escapes.ts';
import { JsonPrefix } from './json-prefix.ts';

/** What a line consists of that is not one record, in bytes of the line. */
export interface FoundRecords {
  /** The records, whole, in order. They still have to be parsed. */
  readonly records: readonly Buffer[];
  /** Everything else, in order: bytes of others, and records that they spoiled. */
  readonly foreign: readonly Buffer[];
  /** A record that the end of the line cuts off: the next line may hold the rest. It is not in `foreign`. */
  readonly unfinished?: UnfinishedRecord;
  /** A record may be among the foreign bytes, or have lost characters to an escape sequence in it. */
  readonly lost: boolean;
}

/** The beginning of a record. */
export interface UnfinishedRecord {
  readonly bytes: Buffer;
  /** At its end an object may follow, so that the next line may be a part of this record even if it is whole. */
  readonly expectsValue: boolean;
}

/** Options of `findRecords`. */
export interface FindOptions {
  /** How a record begins: `{"type":"`. A backend that writes JSON without spaces begins each in one of few ways. */
  readonly openings: readonly string[];
  /** Deepest nesting of a record. @default 64 */
  readonly maxDepth?: number;
}

/**
 * Finds the records in a line to which bytes of others stick: controls in front of a record or between two, anything
 * behind it. Control
 * sequences within a record are taken out of it.
 *
 * What stands behind text of others is a part of that text: a tool printed it. Such a record is lost.
 * Text in a record is never taken for one: a quote in a JSON string is escaped, so that no opening occurs in it. Neither
 * is an object in a record, also not in a spoiled one: in JSON without spaces it stands behind `:`, `[` or `,`, or in
 * front of `}`, `]` or `,`.
 * One pass; nothing of a record is read twice.
 */
export function findRecords(line: Buffer, options: FindOptions): FoundRecords {
  const found = scan(line, options);
  if (!found.lost && !found.unfinished) return found;
  const clean = withoutControls(line);
  if (clean === undefined) return found;
  // The controls stand in a record. Without them it may be whole.
  const cleaned = scan(clean.text, options);
  const isBetter = !cleaned.lost && !cleaned.unfinished;
  return isBetter || cleaned.records.length > found.records.length
    ? { ...cleaned, foreign: [...clean.controls, ...cleaned.foreign], lost: true }
    : found;
}

/** More records, or more spoiled ones, are on no line by accident; the rest is foreign. */
const maxRecords = 10_000;
const maxSpoiled = 10_000;

function scan(line: Buffer, { openings, maxDepth = 64 }: FindOptions): FoundRecords {
  const marks = openings.map((opening) => new Occurrences(line, Buffer.from(opening)));
  const longest = Math.max(...openings.map((opening) => opening.length));
  const records: Buffer[] = [];
  const foreign: Buffer[] = [];
  let from = 0;
  let spoiled = false;
  // What stands since `from` begins with a part of a record.
  let isBehindPart = false;
  let tries = 0;
  const drop = (end: number): void => {
    if (end > from) foreign.push(line.subarray(from, end));
    from = Math.max(from, end);
  };
  for (let search = 0; ;) {
    const start = Math.min(...marks.map((mark) => mark.from(search)));
    if (start >= line.length) break;
    if (records.length === maxRecords || tries >= maxSpoiled) {
      spoiled = true;
      break;
    }
    if (isNested(line, start)) {
      tries += 1;
      search = start + 1;
      continue;
    }
    // All that follows on the line stands behind that text too.
    if (!isBehindPart && hasText(line.subarray(from, start))) break;
    // What was dropped may be the beginning of a record, and this an object in it.
    drop(start);
    const prefix = new JsonPrefix(maxDepth);
    const { step, at } = follow(prefix, line, start);
    if (step === 'more') {
      const unfinished = { bytes: line.subarray(start), expectsValue: prefix.expectsValue };
      return { records, foreign, unfinished, lost: spoiled };
    }
    if (step === 'whole') {
      search = at;
      isBehindPart = foreign.length > 0 && afterNested.has(line[at]);
      if (isBehindPart) continue;
      records.push(line.subarray(start, at));
      from = at;
    } else {
      spoiled = true;
      isBehindPart = true;
      tries += 1;
      // All up to here is a beginning of JSON. The next record begins at the wrong byte, or so little before it that
      // the byte belongs to its opening.
      search = Math.max(start + 1, at - longest);
    }
  }
  drop(line.length);
  return { records, foreign, lost: spoiled || foreign.some((bytes) => structure.test(bytes.toString('latin1'))) };
}

/** A piece of JSON has one of these. */
const structure = /[{}"]/;
const bytesOf = (text: string): ReadonlySet<number | undefined> => new Set(Buffer.from(text));
/** What stands around an object in JSON without spaces. */
const beforeNested = bytesOf(':[,');
const afterNested = bytesOf('}],');

const isNested = (line: Buffer, start: number): boolean => start > 0 && beforeNested.has(line[start - 1]);

/** Whether anything is to be read there, beside control characters and escape sequences. */
function hasText(bytes: Buffer): boolean {
  let found = false;
  const text = (run: string): void => {
    found ||= readable.test(Buffer.from(run, 'latin1').toString());
  };
  if (bytes.length > 0) readEscapes(initialEscapeState, bytes.toString('latin1'), 'tmux', { text });
  return found;
}

/** Not a byte order mark, and no byte that is no UTF-8. */
const readable = /[^\s\p{C}\uFFFD]/u;

/** Follows the object at `start` to its end, to the first wrong byte, or to the end of the line. */
function follow(prefix: JsonPrefix, line: Buffer, start: number): { step: 'more' | 'whole' | 'wrong'; at: number } {
  for (let at = start; ; at += 1) {
    at = prefix.behindPlain(line, at);
    if (at >= line.length) break;
    const step = prefix.push(line[at] ?? 0);
    if (step === 'whole') return { step, at: at + 1 };
    if (step === 'wrong') return { step, at };
  }
  return { step: 'more', at: line.length };
}

/** The places of one text in a line, each looked up once. */
class Occurrences {
  readonly #line: Buffer;
  readonly #text: Buffer;
  #next = -1;

  constructor(line: Buffer, text: Buffer) {
    this.#line = line;
    this.#text = text;
  }

  /** The first place at or behind `at`; the length of the line if there is none. Never goes back. */
  from(at: number): number {
    if (this.#next < at) {
      const found = this.#line.indexOf(this.#text, at);
      this.#next = found === -1 ? this.#line.length : found;
    }
    return this.#next;
  }
}

/**
 * The line without control characters and the escape sequences that begin with them; undefined for a line that has
 * none, or so many that it is noise. JSON without line breaks holds no control character.
 */
function withoutControls(line: Buffer): { text: Buffer; controls: Buffer[] } | undefined {
  const whole = line.toString('latin1');
  if (!hasFewControls(whole)) return undefined;
  const pieces = whole.split(beforeControl);
  const kept: string[] = [];
  const controls: Buffer[] = [];
  // In this dialect a byte of a character in UTF-8 begins no sequence, and DEL and C1 are given back.
  const handler = {
    text: (run: string) => kept.push(run),
    control: (code: number) => code >= 0x7f && kept.push(String.fromCharCode(code)),
  };
  let state = initialEscapeState;
  let start = 0;
  for (const piece of pieces) {
    const before = kept.length;
    state = readEscapes(state, piece, 'tmux', handler);
    // A piece has its only control at its beginning, so what is taken out of it is its beginning too.
    const left = kept.slice(before).reduce((sum, run) => sum + run.length, 0);
    if (left < piece.length) controls.push(line.subarray(start, start + piece.length - left));
    start += piece.length;
  }
  return { text: Buffer.from(kept.join(''), 'latin1'), controls };
}

// oxlint-disable-next-line no-control-regex
const beforeControl = /(?=[\u0000-\u001f])/;
const maxControls = 10_000;

function hasFewControls(text: string): boolean {
  // oxlint-disable-next-line no-control-regex
  const control = /[\u0000-\u001f]/g;
  let count = 0;
  while (count <= maxControls && control.test(text)) count += 1;
  return count > 0 && count <= maxControls;
}
