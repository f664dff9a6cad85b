import { closeBrace, comma, lineFeed, openBrace, quote, space } from './ascii.ts';
import { Checksum } from './checksum.ts';

/** `,"crc":"9a3f01bc"}` */
export const trailerLength = 18;
/** `,"synced":"00001f40"` */
export const syncedLength = 20;

export const crcKey = Buffer.from(',"crc":"');
export const syncedKey = Buffer.from(',"synced":"');
export const moreKey = Buffer.from(',"more":');
export const positionKey = Buffer.from('{"position":');
export const streamKey = Buffer.from(',"stream":"');
export const revisionKey = Buffer.from(',"revision":');

/** What a line says without its JSON being parsed. Reused from line to line, so that nothing is allocated per event. */
export class Line {
  /** False for a line of the log's own. */
  event = false;
  position = 0;
  positionEnd = 0;
  streamStart = 0;
  streamEnd = 0;
  /** A hash of the stream's name, for a table of names. */
  streamHash = 0;
  revision = 0;
  /** How many lines of the same batch follow. */
  more = 0;
  /** All bytes of the file before this offset were durable when the line was written; -1 when the field is missing. */
  synced = -1;
  /** Where the log's own last fields begin. */
  bodyEnd = 0;
  readonly checksum = new Checksum();
}

/**
 * Reads the log's own fields of the line in `bytes[start, end)`, without its line feed. False when that is not a whole
 * line with the right checksum.
 */
export function parseLine(bytes: Buffer, start: number, end: number, line: Line): boolean {
  return checkLine(bytes, start, end, line) && (!line.event || readStream(bytes, line));
}

/** Like `parseLine`, without stream and revision. */
export function checkLine(bytes: Buffer, start: number, end: number, line: Line): boolean {
  const crcAt = end - trailerLength;
  if (crcAt <= start || bytes[start] !== openBrace || bytes[end - 1] !== closeBrace || bytes[end - 2] !== quote)
    return false;
  if (!matches(bytes, crcAt, crcKey)) return false;
  if (parseHex(bytes, crcAt + crcKey.length) !== line.checksum.of(bytes, start, crcAt)) return false;
  readLastFields(bytes, crcAt, line);
  line.event = matches(bytes, start, positionKey);
  if (!line.event) return true;
  const from = start + positionKey.length;
  line.positionEnd = skipDigits(bytes, from);
  line.position = parseDecimal(bytes, from, line.positionEnd);
  return true;
}

function readLastFields(bytes: Buffer, crcAt: number, line: Line): void {
  let at = crcAt;
  line.synced = -1;
  line.more = 0;
  if (bytes[at - 1] === quote && matches(bytes, at - syncedLength, syncedKey)) {
    line.synced = parseHex(bytes, at - 9);
    at -= syncedLength;
  }
  let digits = at;
  while (isDigit(bytes[digits - 1])) digits -= 1;
  if (digits < at && matches(bytes, digits - moreKey.length, moreKey)) {
    line.more = parseDecimal(bytes, digits, at);
    at = digits - moreKey.length;
  }
  line.bodyEnd = at;
}

function readStream(bytes: Buffer, line: Line): boolean {
  if (!matches(bytes, line.positionEnd, streamKey)) return false;
  let at = line.positionEnd + streamKey.length;
  line.streamStart = at;
  let hash = 0;
  for (; at < bytes.length && bytes[at] !== quote; at += 1) hash = Math.imul(hash, 31) + (bytes[at] ?? 0);
  line.streamEnd = at;
  line.streamHash = hash;
  if (!matches(bytes, at + 1, revisionKey)) return false;
  const from = at + 1 + revisionKey.length;
  at = skipDigits(bytes, from);
  line.revision = parseDecimal(bytes, from, at);
  return at > from;
}

/** True when the line at `start` is an event of this stream. `streamText` is the name with its closing quote. */
export function isOfStream(bytes: Buffer, start: number, streamText: Buffer): boolean {
  if (!matches(bytes, start, positionKey)) return false;
  const at = skipDigits(bytes, start + positionKey.length);
  return matches(bytes, at, streamKey) && matches(bytes, at + streamKey.length, streamText);
}

/** The line's JSON without the log's own last fields. */
export function lineText(bytes: Buffer, start: number, line: Line): string {
  // The comma before those fields becomes the brace: joining the text afterwards would copy it.
  bytes[line.bodyEnd] = closeBrace;
  const text = bytes.toString('utf8', start, line.bodyEnd + 1);
  bytes[line.bodyEnd] = comma;
  return text;
}

/** Overwrites the log's own last fields of a line that ends at `end`, so that it is JSON followed by blanks. */
export function blankLastFields(bytes: Buffer, line: Line, end: number): void {
  bytes[line.bodyEnd] = closeBrace;
  for (let at = line.bodyEnd + 1; at < end; at += 1) bytes[at] = space;
}

/**
 * Calls back for every non-empty line in `bytes[from, to)` with its bounds, line feed excluded. Stops when the callback
 * returns `false`.
 */
export function eachLine(
  bytes: Buffer,
  visit: (start: number, end: number) => boolean | void,
  from = 0,
  to = bytes.length,
): void {
  let start = from;
  while (start < to) {
    if (bytes[start] === lineFeed) {
      start += 1;
      continue;
    }
    const found = bytes.indexOf(lineFeed, start);
    const end = found < 0 || found > to ? to : found;
    if (visit(start, end) === false) return;
    start = end + 1;
  }
}

function matches(bytes: Buffer, at: number, key: Buffer): boolean {
  if (at < 0 || at + key.length > bytes.length) return false;
  for (let index = 0; index < key.length; index += 1) if (bytes[at + index] !== key[index]) return false;
  return true;
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39;
}

function skipDigits(bytes: Buffer, from: number): number {
  let at = from;
  while (isDigit(bytes[at])) at += 1;
  return at;
}

function parseDecimal(bytes: Buffer, from: number, to: number): number {
  let value = 0;
  for (let at = from; at < to; at += 1) value = value * 10 + (bytes[at] ?? 0) - 0x30;
  return value;
}

/** Eight lower-case hex digits; -1 for anything else, so that no flipped bit reads as the same number. */
function parseHex(bytes: Buffer, from: number): number {
  let value = 0;
  for (let at = from; at < from + 8; at += 1) {
    const byte = bytes[at] ?? 0;
    const digit = isDigit(byte) ? byte - 0x30 : byte >= 0x61 && byte <= 0x66 ? byte - 0x57 : -1;
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}
