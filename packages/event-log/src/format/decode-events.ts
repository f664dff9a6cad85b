import type { StoredEvent } from '@runtime/contracts/log';
import { AgentRuntimeError } from '@runtime/contracts';
import { comma } from './ascii.ts';
import { isLineTooDeep } from './depth.ts';
import { blankLastFields, checkLine, eachLine, isOfStream, type Line } from './line.ts';

/** Which events are wanted, and where their bytes come from. */
export interface Wanted {
  /** A position, exclusive. */
  readonly after: number;
  /** A position, inclusive. */
  readonly upTo: number;
  /** The stream's name with its closing quote; undefined for all streams. */
  readonly streamText: Buffer | undefined;
  /** The file of the bytes and where they begin in it, for errors. */
  readonly file: string;
  readonly offset: number;
}

/** What `Wanted` and `isOfStream` take for a stream. */
export function streamText(stream: string | undefined): Buffer | undefined {
  return stream === undefined ? undefined : Buffer.from(`${stream}"`);
}

/** The part of the bytes that is decoded, and a line to decode with. */
export interface Part {
  readonly line: Line;
  readonly start: number;
  readonly end: number;
}

/**
 * Decodes the wanted events, each verified by its checksum. Lines of other streams are skipped unread. Throws
 * DATA_CORRUPT.
 * Overwrites the log's own fields in the bytes with blanks, so that neighbouring lines can be parsed as they are, by a
 * single `JSON.parse`.
 */
export function decodeEvents(bytes: Buffer, wanted: Wanted, { line, start, end }: Part): StoredEvent[] {
  const texts: string[] = [];
  let from = start;
  let to = start;
  const visit = (start: number, end: number) => {
    if (wanted.streamText && !isOfStream(bytes, start, wanted.streamText)) return true;
    if (!checkLine(bytes, start, end, line)) throw corruptLine(wanted.file, wanted.offset + start);
    if (!line.event || line.position <= wanted.after) return true;
    if (line.position > wanted.upTo) return false;
    if (isLineTooDeep(bytes, start, end)) throw corruptLine(wanted.file, wanted.offset + start);
    blankLastFields(bytes, line, end);
    if (start === to + 1 && to > from) bytes[to] = comma;
    else {
      if (to > from) texts.push(bytes.toString('utf8', from, to));
      from = start;
    }
    to = end;
    return true;
  };
  eachLine(bytes, visit, start, end);
  if (to > from) texts.push(bytes.toString('utf8', from, to));
  // The checksum proves that a log wrote these bytes, so the shape needs no second proof.
  return texts.length === 0 ? [] : (JSON.parse(`[${texts.join(',')}]`) as StoredEvent[]);
}

/** For a line that does not fit, at this byte of the file. */
export function corruptLine(file: string, offset: number): AgentRuntimeError {
  return new AgentRuntimeError('DATA_CORRUPT', `${file} is damaged at byte ${offset}`, {
    hint: 'verify the log to see all damage, and restore the file from a copy',
    details: { file, offset },
  });
}
