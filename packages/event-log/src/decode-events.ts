import type { StoredEvent } from '@runtime/contracts';
import { AgentRuntimeError } from '@runtime/contracts';
import { eachLine, isOfStream, Line, lineText, parseLine } from './line.ts';

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

/** The wanted events, each verified by its checksum. Lines of other streams are passed over unread. Overwrites bytes. Throws DATA_CORRUPT. */
export function decodeEvents(bytes: Buffer, wanted: Wanted): StoredEvent[] {
  const events: StoredEvent[] = [];
  const line = new Line();
  eachLine(bytes, (start, end) => {
    if (wanted.streamText && !isOfStream(bytes, start, wanted.streamText)) return true;
    if (!parseLine(bytes, start, end, line)) throw corruptLine(wanted.file, wanted.offset + start);
    if (!line.event || line.position <= wanted.after) return true;
    if (line.position > wanted.upTo) return false;
    // The checksum says that these are the bytes we wrote, so the shape needs no second proof.
    events.push(JSON.parse(lineText(bytes, start, line)) as StoredEvent);
    return true;
  });
  return events;
}

export function corruptLine(file: string, offset: number): AgentRuntimeError {
  return new AgentRuntimeError('DATA_CORRUPT', `${file} is damaged at byte ${offset}`, {
    hint: 'run verify for the whole extent, and restore the file from a copy',
    details: { file, offset },
  });
}
