import { join } from 'node:path';
import { systemCode } from '@runtime/contracts';
import { z } from 'zod';
import { checkpointName } from '../format/file-names.ts';
import { decodeRecord, encodeRecord } from '../format/records.ts';
import { readFileUpTo, writeAtomically } from '../fs/files.ts';
import type { LogFs } from '../fs/log-fs.ts';
import type { LogIndex, SegmentEntry } from './log-index.ts';

const count = z.number().int().nonnegative();

/** What an opening would learn by reading a closed segment. Chunk numbers count from the segment's first chunk. */
const checkpointSchema = z.object({
  log: z.literal('checkpoint'),
  version: z.literal(1),
  logId: z.string(),
  segment: count,
  /** The length of the segment: a file of another length has another content, unless the next segment says otherwise. */
  size: count,
  base: count,
  last: count,
  sparse: z.boolean(),
  epochs: z.array(z.tuple([count, count])),
  chunks: z.array(z.tuple([count, count])),
  streams: z.array(z.tuple([z.string(), count, z.array(count)])),
});
export type Checkpoint = z.infer<typeof checkpointSchema>;

/**
 * Saves the index entries of a closed segment, so that the next opening need not read the segment. Deleting the file is
 * always safe.
 */
export async function writeCheckpoint(
  fs: LogFs,
  dir: string,
  logId: string,
  index: LogIndex,
  segment: SegmentEntry,
): Promise<void> {
  const chunks: [number, number][] = [];
  for (let number = segment.firstChunk; index.chunks[number]?.segment === segment; number += 1) {
    const chunk = index.chunks[number];
    if (chunk) chunks.push([chunk.offset, chunk.first]);
  }
  const streams: Checkpoint['streams'] = [];
  for (const { stream, revision, chunks: numbers } of segment.shares ?? []) {
    streams.push([stream, revision, numbers.map((number) => number - segment.firstChunk)]);
  }
  const checkpoint: Checkpoint = {
    log: 'checkpoint',
    version: 1,
    logId,
    segment: segment.number,
    size: segment.end,
    base: segment.base,
    last: segment.last,
    sparse: segment.sparse,
    epochs: segment.epochs.map(({ epoch, after }) => [epoch, after]),
    chunks,
    streams,
  };
  await writeAtomically(fs, dir, checkpointName(segment.number), encodeRecord(checkpoint, 0));
  segment.shares = undefined;
}

/**
 * The checkpoint of a segment; undefined when it is missing, damaged, of another version, or cannot be read. Whether it
 * fits the segment's file is for the caller to say.
 */
export async function readCheckpoint(fs: LogFs, dir: string, segment: number): Promise<Checkpoint | undefined> {
  const { data } = checkpointSchema.safeParse(await readRecord(fs, join(dir, checkpointName(segment))));
  return data?.segment === segment ? data : undefined;
}

async function readRecord(fs: LogFs, path: string): Promise<unknown> {
  try {
    const bytes = await readFileUpTo(fs, path);
    return bytes && decodeRecord(bytes);
  } catch (error) {
    // A checkpoint only saves time.
    if (systemCode(error) === undefined) throw error;
    return undefined;
  }
}

/** Adds a segment to the index from its checkpoint. */
export function indexCheckpoint(index: LogIndex, checkpoint: Checkpoint): SegmentEntry {
  const segment = index.addSegment(checkpoint.segment, checkpoint.base, checkpoint.sparse);
  segment.shares = undefined;
  segment.last = checkpoint.last;
  segment.end = checkpoint.size;
  for (const [epoch, after] of checkpoint.epochs) segment.epochs.push({ epoch, after });
  for (const [offset, first] of checkpoint.chunks) index.chunks.push({ segment, offset, first });
  for (const [name, revision, chunks] of checkpoint.streams) {
    const stream = index.stream(name);
    stream.revision = revision;
    for (const chunk of chunks) stream.chunks.push(segment.firstChunk + chunk);
  }
  return segment;
}
