import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { systemCode } from '@runtime/contracts';
import { z } from 'zod';
import { checkpointName } from '../format/file-names.ts';
import { decodeRecord, encodeRecord } from '../format/records.ts';
import { readFileUpTo, writeAtomically } from '../fs/files.ts';
import type { LogFs } from '../fs/log-fs.ts';
import type { LogIndex, SegmentEntry } from './log-index.ts';
import { StreamTable } from './stream-table.ts';

const count = z.number().int().nonnegative();

/** First line of a checkpoint; behind it lies the table of the segment's streams. */
const headerSchema = z.object({
  log: z.literal('checkpoint'),
  version: z.literal(2),
  logId: z.string(),
  segment: count,
  /** The length of the segment: a file of another length has another content, unless the next segment says otherwise. */
  size: count,
  base: count,
  last: count,
  sparse: z.boolean(),
  rewrites: count.default(0),
  /** There is a next segment. */
  next: z.boolean(),
  epochs: z.array(z.tuple([count, count])),
  chunks: z.array(z.tuple([count, count])),
  /** How many streams the table has, and its bytes. */
  streams: count,
  bytes: count,
  streamsCrc: count,
});

/** What an opening would learn by reading a closed segment. */
export interface Checkpoint extends z.infer<typeof headerSchema> {
  readonly table: StreamTable;
}

/** Of any version: those before the second were written once there was a next segment. */
const proofSchema = z.object({
  log: z.literal('checkpoint'),
  logId: z.string(),
  last: count,
  next: z.boolean().default(true),
});

/** More than most headers have: one has some twenty bytes for each chunk of its segment. */
const headerBytes = 64 * 1024;

/** What a checkpoint is written of. */
export interface SavedSegment {
  readonly logId: string;
  readonly segment: SegmentEntry;
  /** There is a next segment: the checkpoint is a proof of it. */
  readonly next: boolean;
}

/**
 * Saves the index entries of a closed segment, so that the next opening need not read the segment. Deleting the file is
 * always safe.
 */
export async function writeCheckpoint(
  fs: LogFs,
  dir: string,
  index: LogIndex,
  { logId, segment, next }: SavedSegment,
): Promise<void> {
  const { number, end, base, last, sparse, rewrites, firstChunk, epochs, table } = segment;
  if (!table) throw new Error('a segment that is not closed has no checkpoint');
  const chunks: [number, number][] = [];
  for (let chunk = firstChunk; index.chunks[chunk]?.segment === segment; chunk += 1) {
    const { offset = 0, first = 0 } = index.chunks[chunk] ?? {};
    chunks.push([offset, first]);
  }
  const header: z.input<typeof headerSchema> = {
    log: 'checkpoint',
    version: 2,
    logId,
    segment: number,
    size: end,
    base,
    last,
    sparse,
    ...(rewrites > 0 ? { rewrites } : {}),
    next,
    epochs: epochs.map(({ epoch, after }) => [epoch, after]),
    chunks,
    streams: table.count,
    bytes: table.bytes.length,
    streamsCrc: crc32(table.bytes),
  };
  await writeAtomically(fs, dir, checkpointName(number), Buffer.concat([encodeRecord(header, 0), table.bytes]));
  segment.saved = true;
}

/**
 * The checkpoint of a segment; undefined when it is missing, damaged, of another version, or cannot be read. Whether it
 * fits the segment's file is for the caller to say.
 */
export async function readCheckpoint(fs: LogFs, dir: string, segment: number): Promise<Checkpoint | undefined> {
  const bytes = await readBytes(fs, dir, segment, Infinity);
  const { data } = headerSchema.safeParse(bytes && decodeRecord(bytes));
  if (!bytes || data?.segment !== segment) return undefined;
  const table = bytes.subarray(bytes.indexOf(0x0a) + 1);
  if (table.length !== data.bytes || crc32(table) !== data.streamsCrc) return undefined;
  return { ...data, table: new StreamTable(table, data.streams) };
}

/** How far the log came once, according to the checkpoint of a segment. */
export interface CheckpointProof {
  readonly logId: string;
  readonly position: number;
  /** There was a next segment. */
  readonly next: boolean;
}

/** Undefined for a checkpoint that is damaged or cannot be read: it was the segment's, and says no more. */
export async function readCheckpointProof(
  fs: LogFs,
  dir: string,
  segment: number,
): Promise<CheckpointProof | undefined> {
  let bytes = await readBytes(fs, dir, segment, headerBytes);
  if (bytes?.length === headerBytes && !bytes.includes(0x0a)) bytes = await readBytes(fs, dir, segment, Infinity);
  const { data } = proofSchema.safeParse(bytes && decodeRecord(bytes));
  return data && { logId: data.logId, position: data.last, next: data.next };
}

/** A checkpoint only saves time: one that cannot be read is as good as none. */
async function readBytes(fs: LogFs, dir: string, segment: number, limit: number): Promise<Buffer | undefined> {
  try {
    return await readFileUpTo(fs, join(dir, checkpointName(segment)), limit);
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    return undefined;
  }
}

/** Adds a segment to the index from its checkpoint. */
export function indexCheckpoint(index: LogIndex, checkpoint: Checkpoint): SegmentEntry {
  const segment = index.addSegment(checkpoint.segment, checkpoint.base, checkpoint.sparse, checkpoint.rewrites);
  segment.table = checkpoint.table;
  segment.saved = true;
  segment.last = checkpoint.last;
  segment.end = checkpoint.size;
  for (const [epoch, after] of checkpoint.epochs) segment.epochs.push({ epoch, after });
  for (const [offset, first] of checkpoint.chunks) index.addChunk({ segment, offset, first });
  return segment;
}
