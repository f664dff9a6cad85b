import { join } from 'node:path';
import { formatCursor, type ReadOptions, type StoredEvent } from '@runtime/contracts/log';
import { corruptLine, decodeEvents, streamText } from '../format/decode-events.ts';
import { AgentRuntimeError, systemCode, throwIfAborted } from '@runtime/contracts';
import { segmentName } from '../format/file-names.ts';
import { Line } from '../format/line.ts';
import type { LogFile, LogFs } from '../fs/log-fs.ts';
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
  /**
   * Whether an open file is the one that the index speaks of; `undefined` for one that is not there. False where another
   * process has written the segment anew: then the index is a new one.
   */
  isCurrent?(segment: SegmentEntry, file: LogFile | undefined): Promise<boolean>;
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

/** Segments are written anew as often as somebody removes streams; not while this one reader looks for its next event. */
const maxChanges = 100;

async function* readSegments(
  source: ReadSource,
  after: number,
  upTo: number,
  stream: string | undefined,
): AsyncGenerator<StoredEvent[], void, undefined> {
  let reached = after;
  for (let changes = 0; changes < maxChanges; changes += 1) {
    await source.index.changing;
    const { index } = source;
    const { version } = index;
    const isSame = (): boolean => source.index === index && index.version === version;
    for (const range of stretches(index, reached, stream)) {
      const handle = await openSegment(source, range.segment, () => isSame() && !index.changing);
      if (!handle) break;
      try {
        for await (const events of readStretch(handle, range, { after: reached, upTo, stream })) {
          reached = events.at(-1)?.position ?? reached;
          changes = 0;
          yield events;
          if (reached >= upTo) return;
        }
      } finally {
        await handle.close();
      }
      // The end of the segment before may be missing.
      if (stream === undefined && Math.max(reached, range.segment.base) < Math.min(upTo, range.last))
        throw corruptLine(segmentName(range.segment.number), range.to);
      if (!isSame()) break;
    }
    if (isSame() && !index.changing) return;
  }
  throw new AgentRuntimeError('UNAVAILABLE', 'the log was written anew again and again while it was read', {
    hint: 'read again',
  });
}

/** The file of a segment; undefined when the index speaks of another one by now. */
async function openSegment(
  source: ReadSource,
  segment: SegmentEntry,
  isSame: () => boolean,
): Promise<LogFile | undefined> {
  let file: LogFile | undefined;
  try {
    file = await source.fs.open(join(source.dir, segmentName(segment.number)), 'read');
    if (isSame() && (await (source.isCurrent?.(segment, file) ?? true))) return file;
  } catch (error) {
    if (systemCode(error) !== 'ENOENT' || file) throw error;
    if (isSame() && (await (source.isCurrent?.(segment, undefined) ?? true))) throw error;
  }
  await file?.close();
  return undefined;
}

async function* readStretch(
  handle: LogFile,
  { segment, from, to }: Stretch,
  { after, upTo, stream }: { readonly after: number; readonly upTo: number; readonly stream: string | undefined },
): AsyncGenerator<StoredEvent[], void, undefined> {
  const file = segmentName(segment.number);
  const wanted = { upTo, streamText: streamText(stream), file };
  const dense = stream === undefined && !segment.sparse;
  const line = new Line();
  let reached = after;
  for await (const { bytes, offset } of readBlocks(handle, from, to)) {
    for (const [start, end] of pieces(bytes)) {
      const events = decodeEvents(bytes, { ...wanted, after: reached, offset }, { line, start, end });
      const last = events.at(-1);
      if (!last) continue;
      if (dense && last.position - Math.max(reached, segment.base) !== events.length)
        throw corruptLine(file, offset + start);
      reached = last.position;
      yield events;
      if (reached >= upTo) return;
    }
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
