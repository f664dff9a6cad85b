import type { StoredEvent } from '@runtime/contracts/log';
import { AgentRuntimeError } from '@runtime/contracts';
import { comma } from './ascii.ts';
import type { Line } from './line.ts';
import { blankTail, checkLine, eachLine, isOfStream } from './line.ts';

/** Which events of a stretch of lines are wanted. */
export interface Wanted {
  /** Exclusive. */
  readonly after: number;
  /** Inclusive. */
  readonly upTo: number;
  /** The stream's name with its closing quote; undefined for all streams. */
  readonly streamText: Buffer | undefined;
  /** Where the bytes are from, for the error. */
  readonly file: string;
  readonly offset: number;
}

export function streamText(stream: string | undefined): Buffer | undefined {
  return stream === undefined ? undefined : Buffer.from(`${stream}"`);
}

/** A part of the bytes, and what to read it with. */
export interface Part {
  readonly line: Line;
  readonly start: number;
  readonly end: number;
}

/**
 * The wanted events, each verified by its checksum. Lines of other streams are passed over unread. Throws DATA_CORRUPT.
 * Overwrites the log's own fields in the bytes with blanks, so that lines one after the other are text for one `JSON.parse` as they are.
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
    blankTail(bytes, line, end);
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
  // The checksum says that these are the bytes we wrote, so the shape needs no second proof.
  return texts.length === 0 ? [] : (JSON.parse(`[${texts.join(',')}]`) as StoredEvent[]);
}

export function corruptLine(file: string, offset: number): AgentRuntimeError {
  return new AgentRuntimeError('DATA_CORRUPT', `${file} is damaged at byte ${offset}`, {
    hint: 'run verify for the whole extent, and restore the file from a copy',
    details: { file, offset },
  });
}
