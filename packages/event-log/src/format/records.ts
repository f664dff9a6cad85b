import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { isTooDeep } from './depth.ts';
import { LineBuffer } from './line-buffer.ts';
import { Line, lineText, parseLine } from './line.ts';

/** The version in the FORMAT file and in every segment's header, as FORMAT.md describes it. */
export const formatVersion = 1;
const count = z.number().int().nonnegative();

/** First line of every segment. */
const segmentRecordSchema = z.looseObject({
  log: z.literal('segment'),
  version: count,
  logId: z.string().regex(/^[a-z0-9]{1,40}$/),
  segment: count,
  epoch: count,
  /** The last position before this segment. */
  base: count,
  /**
   * The last segment with lines before this one, and how many of its bytes count. What lies after them was written late,
   * by a writer that this one has replaced; segments in between are empty. `segment` is 0 where there is none; missing in the first segment.
   */
  previous: z.object({ segment: count, end: count }).optional(),
  /** True in a segment that was rewritten with events left out: positions and revisions in it have gaps. */
  sparse: z.boolean().optional(),
  /** How often it was rewritten. */
  rewrites: count.default(0),
});
/** First line of every writer. Its events come after position `after`. */
const epochRecordSchema = z.looseObject({ log: z.literal('epoch'), epoch: count, after: count });
/** Last line of a writer that closed the log. */
const closeRecordSchema = z.looseObject({ log: z.literal('close'), epoch: count, last: count });

export const systemRecordSchema = z.discriminatedUnion('log', [
  segmentRecordSchema,
  epochRecordSchema,
  closeRecordSchema,
]);
export type SystemRecord = z.infer<typeof systemRecordSchema>;
export type SegmentRecord = z.infer<typeof segmentRecordSchema>;

export function newLogId(): string {
  return randomBytes(10).toString('hex');
}

/** Encodes a line of the log's own, with checksum and line feed. `synced` as in `Line`. */
export function encodeRecord(record: object, synced: number): Buffer {
  const buffer = new LineBuffer();
  buffer.add(JSON.stringify(record));
  return Buffer.from(buffer.finish(synced));
}

/** Decodes the first line; undefined when its checksum is wrong or it is no JSON. */
export function decodeRecord(bytes: Buffer): unknown {
  const line = new Line();
  const end = bytes.indexOf(0x0a);
  if (end < 0 || !parseLine(bytes, 0, end, line)) return undefined;
  return parseJson(lineText(bytes, 0, line));
}

/** Longer than any header of a segment. */
export const headerBytes = 4096;

/** The header of a segment, from its first bytes; undefined when it is not whole. */
export function decodeHeader(bytes: Buffer): SegmentRecord | undefined {
  return segmentRecordSchema.safeParse(decodeRecord(bytes)).data;
}

/** Undefined for text that is no JSON, or nests too deeply. */
export function parseJson(text: string): unknown {
  if (isTooDeep(text)) return undefined;
  try {
    return JSON.parse(text);
  } catch (error) {
    // A right checksum over wrong JSON: no log wrote this line.
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
