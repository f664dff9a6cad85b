import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { LineBuffer } from './line-buffer.ts';
import { Line, lineText, parseLine } from './line.ts';

/** The version in the FORMAT file and in every segment's header. See FORMAT.md. */
export const formatVersion = 1;
const count = z.number().int().nonnegative();

/** First line of every segment. */
export const segmentRecordSchema = z.looseObject({
  log: z.literal('segment'),
  version: count,
  logId: z.string().regex(/^[a-z0-9]{1,40}$/),
  segment: count,
  epoch: count,
  /** The last position before this segment. */
  base: count,
  /** True in a segment that was rewritten with events left out: positions and revisions in it have gaps. */
  sparse: z.boolean().optional(),
});
/** First line of every writer. Its events come after position `after`. */
export const epochRecordSchema = z.looseObject({ log: z.literal('epoch'), epoch: count, after: count });
/** Last line of a writer that closed properly. */
export const closeRecordSchema = z.looseObject({ log: z.literal('close'), epoch: count, last: count });

export const systemRecordSchema = z.discriminatedUnion('log', [
  segmentRecordSchema,
  epochRecordSchema,
  closeRecordSchema,
]);
export type SystemRecord = z.infer<typeof systemRecordSchema>;

export function newLogId(): string {
  return randomBytes(10).toString('hex');
}

/** One line of the log's own, checksum and line feed included. `synced` as in `Line`. */
export function encodeRecord(record: object, synced: number): Buffer {
  const buffer = new LineBuffer();
  buffer.add(JSON.stringify(record));
  return Buffer.from(buffer.finish(synced));
}

/** Reads one such line; undefined when its checksum is wrong or it is no JSON object. */
export function decodeRecord(bytes: Buffer): unknown {
  const line = new Line();
  const end = bytes.indexOf(0x0a);
  if (end < 0 || !parseLine(bytes, 0, end, line)) return undefined;
  return parseJson(lineText(bytes, 0, line));
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    // A right checksum over wrong JSON: not a line of ours.
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
