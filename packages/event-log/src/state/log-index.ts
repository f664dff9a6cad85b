import type { EpochEntry } from './epochs.ts';

/** A stretch of a segment that begins with a whole batch. */
export interface Chunk {
  readonly segment: SegmentEntry;
  readonly offset: number;
  /** The first position in it. */
  readonly first: number;
}

export interface StreamEntry {
  readonly name: string;
  revision: number;
  /** Numbers of the chunks that hold events of it, ascending. */
  readonly chunks: number[];
  /** What the last segment with events of it holds of it. */
  share: StreamShare | undefined;
}

/** What a segment holds of a stream. */
interface StreamShare {
  readonly segment: SegmentEntry;
  readonly stream: string;
  /** The stream's revision at the end of the segment. */
  revision: number;
  readonly chunks: number[];
}

export interface SegmentEntry {
  readonly number: number;
  /** The last position before it. */
  readonly base: number;
  readonly sparse: boolean;
  /** Its first chunk's number. */
  readonly firstChunk: number;
  /** The writers that began in it. */
  readonly epochs: EpochEntry[];
  /** The last position in it that readers may see. */
  last: number;
  /** Where that event's line ends. */
  end: number;
  /** What it holds of each stream, until its checkpoint is written. */
  shares: StreamShare[] | undefined;
}

/** What the index needs to know of a batch. */
export interface IndexedBatch {
  readonly stream: StreamEntry;
  readonly first: number;
  readonly last: number;
  /** The stream's revision after it. */
  readonly revision: number;
  readonly offset: number;
  readonly end: number;
}

/**
 * So long that the index stays small (entries per stream and chunk, none per event), so short that seeking costs
 * little.
 */
const chunkBytes = 256 * 1024;

/** Where the events of each stream are. Grows with the number of streams and chunks, not of events. */
export class LogIndex {
  readonly segments: SegmentEntry[] = [];
  readonly chunks: Chunk[] = [];
  readonly streams = new Map<string, StreamEntry>();

  addSegment(number: number, base: number, sparse: boolean): SegmentEntry {
    const segment: SegmentEntry = {
      number,
      base,
      sparse,
      firstChunk: this.chunks.length,
      epochs: [],
      last: base,
      end: 0,
      shares: [],
    };
    this.segments.push(segment);
    return segment;
  }

  /** Makes a batch in the last segment visible. */
  add(segment: SegmentEntry, batch: IndexedBatch): void {
    const chunk = this.#chunkFor(segment, batch);
    const { stream } = batch;
    if (stream.chunks.at(-1) !== chunk) stream.chunks.push(chunk);
    let { share } = stream;
    if (share?.segment !== segment) {
      share = { segment, stream: stream.name, revision: 0, chunks: [] };
      stream.share = share;
      segment.shares?.push(share);
    }
    share.revision = batch.revision;
    if (share.chunks.at(-1) !== chunk) share.chunks.push(chunk);
    segment.last = batch.last;
    segment.end = batch.end;
  }

  /** The stream's revision; 0 when there is none. */
  revision(stream: string): number {
    return this.streams.get(stream)?.revision ?? 0;
  }

  /** Names of the streams that begin with `prefix`, in order of their first event. */
  *names(prefix: string): Iterable<string> {
    for (const name of this.streams.keys()) if (name.startsWith(prefix)) yield name;
  }

  stream(name: string): StreamEntry {
    let entry = this.streams.get(name);
    if (!entry) {
      entry = { name, revision: 0, chunks: [], share: undefined };
      this.streams.set(name, entry);
    }
    return entry;
  }

  /** The number of the last chunk that may hold this position or what comes after it; -1 for an empty log. */
  chunkOf(position: number): number {
    let low = 0;
    let high = this.chunks.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.chunks[middle]?.first ?? Infinity) <= position) low = middle + 1;
      else high = middle;
    }
    return Math.max(low - 1, this.chunks.length === 0 ? -1 : 0);
  }

  /** Where the chunk ends, as far as readers may see. */
  chunkEnd(number: number): number {
    const chunk = this.chunks[number];
    const next = this.chunks[number + 1];
    if (!chunk) return 0;
    return next?.segment === chunk.segment ? next.offset : chunk.segment.end;
  }

  #chunkFor(segment: SegmentEntry, batch: IndexedBatch): number {
    const last = this.chunks.at(-1);
    if (last?.segment !== segment || batch.end - last.offset > chunkBytes) {
      this.chunks.push({ segment, offset: batch.offset, first: batch.first });
    }
    return this.chunks.length - 1;
  }
}
