import { join } from 'node:path';
import { formatCursor, type ReadOptions, type StoredEvent } from '@runtime/contracts/log';
import { throwIfAborted } from '@runtime/contracts';
import { corruptLine, decodeEvents, streamText, type Wanted } from '../format/decode-events.ts';
import { segmentName } from '../format/file-names.ts';
import { Line } from '../format/line.ts';
import type { LogFs } from '../fs/log-fs.ts';
import { readBlocks } from '../fs/read-blocks.ts';
import { closedError } from '../state/closed-error.ts';
import type { LogIndex, SegmentEntry } from '../state/log-index.ts';
import { assertNotLost, positionOf, type Extent } from './cursors.ts';
import type { RecentAppends } from './recent-appends.ts';
import type { Wakeups } from './wakeups.ts';

/** What reading needs of a log in files. */
export interface ReadSource extends Extent {
  readonly fs: LogFs;
  readonly dir: string;
  readonly index: LogIndex;
  readonly recent: RecentAppends;
  readonly wakeups: Wakeups;
  readonly closed: boolean;
  /**
   * Raised when events that readers have seen are gone, because another process repaired the log that this one reads.
   */
  readonly generation: number;
  /** Why later events can no longer be read; undefined while they can. */
  readonly readFailure: unknown;
}

/** How many events a reader at the end takes at once: enough that the cost per promise does not matter. */
const tailBatch = 256;

/** How many bytes are decoded and handed to the reader at once. */
const pieceBytes = 64 * 1024;

/**
 * `EventLog.read` over files: from the latest appends in memory where they reach back far enough, else from segments.
 */
export async function* readLog(
  source: ReadSource,
  options: ReadOptions,
): AsyncGenerator<readonly StoredEvent[], void, undefined> {
  const { stream, follow = false, signal } = options;
  if (source.closed) throw closedError();
  assertReadable(source, options);
  let position = positionOf(source, options.after);
  while (true) {
    const head = source.head;
    if (follow && (source.closed || signal?.aborted)) return;
    if (position >= head) {
      if (!follow) return;
      position = await waitForMore(source, position, options);
    } else if (source.recent.covers(position)) {
      const taken = source.recent.take(position, head, stream, tailBatch);
      position = taken.position;
      if (taken.events.length > 0) yield taken.events;
    } else {
      for await (const events of readSegments(source, position, head, stream)) {
        yield events;
        if (follow && (source.closed || signal?.aborted)) return;
        if (!follow) assertReadable(source, options);
      }
      position = head;
    }
    if (position < head) assertReadable(source, options);
  }
}

/** Returns the position to go on after. */
async function waitForMore(source: ReadSource, position: number, { stream, signal }: ReadOptions): Promise<number> {
  const { generation } = source;
  const cursor = formatCursor({ logId: source.logId, epoch: source.epochs.of(position), position });
  const before = await source.wakeups.wait(stream, signal);
  if (source.readFailure !== undefined) throw source.readFailure;
  if (source.generation !== generation) assertNotLost(source, cursor);
  return Math.max(position, before ?? position);
}

function assertReadable(source: ReadSource, options: ReadOptions): void {
  if (options.follow && (options.signal?.aborted || source.closed)) return;
  throwIfAborted(options.signal);
  if (source.closed) throw closedError();
}

async function* readSegments(
  source: ReadSource,
  after: number,
  upTo: number,
  stream: string | undefined,
): AsyncGenerator<StoredEvent[], void, undefined> {
  const text = streamText(stream);
  const line = new Line();
  let reached = after;
  for (const range of stretches(source.index, after, stream)) {
    const file = segmentName(range.segment.number);
    const handle = await source.fs.open(join(source.dir, file), 'read');
    try {
      for await (const { bytes, offset } of readBlocks(handle, range.from, range.to)) {
        for (const [start, end] of pieces(bytes)) {
          const wanted: Wanted = { after: reached, upTo, streamText: text, file, offset };
          const events = decodeEvents(bytes, wanted, { line, start, end });
          const last = events.at(-1);
          if (!last) continue;
          const dense = text === undefined && !range.segment.sparse;
          if (dense && last.position - Math.max(reached, range.segment.base) !== events.length)
            throw corruptLine(file, offset + start);
          reached = last.position;
          yield events;
          if (reached >= upTo) return;
        }
      }
    } finally {
      await handle.close();
    }
    if (text === undefined && reached < Math.min(upTo, range.last)) throw corruptLine(file, range.to);
  }
}

/**
 * The bytes in stretches of whole lines, so small that their text and events do not outlive the young generation, where
 * memory costs least.
 */
function* pieces(bytes: Buffer): Generator<[number, number]> {
  for (let start = 0; start < bytes.length;) {
    const lineFeed = bytes.indexOf(0x0a, start + pieceBytes);
    const end = lineFeed < 0 ? bytes.length : lineFeed + 1;
    yield [start, end];
    start = end;
  }
}

interface Stretch {
  readonly segment: SegmentEntry;
  readonly from: number;
  readonly to: number;
  /** The last position in it; 0 when unknown. */
  readonly last: number;
}

/** The stretches of the segments that can hold wanted events. */
function* stretches(index: LogIndex, after: number, stream: string | undefined): Generator<Stretch> {
  const firstChunk = index.chunkOf(after + 1);
  const first = index.chunks[firstChunk];
  if (!first) return;
  if (stream !== undefined) {
    yield* streamStretches(index, firstChunk, stream);
    return;
  }
  for (const segment of index.segments) {
    if (segment.number < first.segment.number) continue;
    const from = segment === first.segment ? first.offset : 0;
    yield { segment, from, to: segment.end, last: segment.sparse ? 0 : segment.last };
  }
}

function* streamStretches(index: LogIndex, firstChunk: number, stream: string): Generator<Stretch> {
  const numbers = index.chunksOf(stream, firstChunk);
  for (let at = 0; at < numbers.length;) {
    const number = numbers[at] ?? 0;
    const chunk = index.chunks[number];
    let last = number;
    at += 1;
    if (!chunk) continue;
    // Neighbours are read in one go.
    while (numbers[at] === last + 1 && index.chunks[last + 1]?.segment === chunk.segment) {
      last += 1;
      at += 1;
    }
    yield { segment: chunk.segment, from: chunk.offset, to: index.chunkEnd(last), last: 0 };
  }
}
