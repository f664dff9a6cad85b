import type { EpochEntry } from './epochs.ts';
import { StreamTable, type StreamShare } from './stream-table.ts';

/** A stretch of a segment that begins with a whole batch. */
export interface Chunk {
  readonly segment: SegmentEntry;
  readonly offset: number;
  /** The first position in it. */
  readonly first: number;
}

/** A stream with events in the last segment, or with appends under way. */
export interface StreamEntry {
  readonly name: string;
  /** Counts appended events, acknowledged or not. */
  revision: number;
  /** Its revision as readers see it. */
  visible: number;
  /** Numbers of the last segment's chunks that hold events of it, ascending. */
  chunks: number[];
}

export interface SegmentEntry {
  readonly number: number;
  /** The last position before it. */
  readonly base: number;
  readonly sparse: boolean;
  /** How often it was written anew, which tells its file from the one that had its name before. */
  readonly rewrites: number;
  /** Its first chunk's number. */
  firstChunk: number;
  /** The writers that began in it. */
  readonly epochs: EpochEntry[];
  /** The last position in it that readers may see. */
  last: number;
  /** Where that event's line ends. */
  end: number;
  /** Its streams, once nothing is added to it any more. */
  table: StreamTable | undefined;
  /** True when its checkpoint is on the disk. */
  saved: boolean;
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

/**
 * Where the events of each stream are: an entry for each stream of the last segment, a table for each segment before.
 * Grows with the number of streams and chunks, not of events.
 */
export class LogIndex {
  readonly segments: SegmentEntry[] = [];
  /** Raised when segments were replaced by another one: numbers of chunks and entries of segments are new then. */
  version = 0;
  /** Pending while the file of a segment is another one than the index says. */
  changing: Promise<void> | undefined;
  #chunks: Chunk[] = [];
  /** Their revisions are the streams' own: no table has a higher one. */
  readonly live = new Map<string, StreamEntry>();

  get chunks(): readonly Chunk[] {
    return this.#chunks;
  }

  /** Nothing can be added to the segment before it any more. */
  addSegment(number: number, base: number, sparse: boolean, rewrites = 0): SegmentEntry {
    this.seal();
    const segment: SegmentEntry = {
      number,
      base,
      sparse,
      rewrites,
      firstChunk: this.chunks.length,
      epochs: [],
      last: base,
      end: 0,
      table: undefined,
      saved: false,
    };
    this.segments.push(segment);
    return segment;
  }

  /** Makes the table of the last segment, and forgets the entries that say no more. Repeatable. */
  seal(): void {
    const segment = this.segments.at(-1);
    if (!segment || segment.table) return;
    const shares: StreamShare[] = [];
    for (const entry of this.live.values()) {
      const { name, visible, chunks } = entry;
      if (chunks.length === 0) continue;
      shares.push({ name, revision: visible, chunks: chunks.map((chunk) => chunk - segment.firstChunk) });
      entry.chunks = [];
      this.release(entry);
    }
    segment.table = StreamTable.of(shares);
  }

  /** Makes a batch in the last segment visible. */
  add(segment: SegmentEntry, { stream, first, last, revision, offset, end }: IndexedBatch): void {
    const chunk = this.#chunkFor(segment, first, offset, end);
    if (stream.chunks.at(-1) !== chunk) stream.chunks.push(chunk);
    stream.visible = revision;
    segment.last = last;
    segment.end = end;
  }

  addChunk(chunk: Chunk): void {
    this.#chunks.push(chunk);
  }

  /** Puts the one segment of another index in the place of closed segments, which follow one another. */
  replace(old: readonly SegmentEntry[], made: LogIndex): void {
    const [segment] = made.segments;
    const [first] = old;
    if (!segment || !first) return;
    made.seal();
    const order = this.segments.indexOf(first);
    const from = first.firstChunk;
    const to = this.segments[order + old.length]?.firstChunk ?? this.#chunks.length;
    const shift = made.chunks.length - (to - from);
    segment.firstChunk = from;
    this.segments.splice(order, old.length, segment);
    this.#chunks = [...this.#chunks.slice(0, from), ...made.chunks, ...this.#chunks.slice(to)];
    for (const later of this.segments.slice(order + 1)) later.firstChunk += shift;
    for (const entry of this.live.values()) entry.chunks = entry.chunks.map((chunk) => chunk + shift);
    this.version += 1;
  }

  /** The stream's revision; 0 when there is none. */
  revision(name: string): number {
    return this.live.get(name)?.revision ?? this.#tabled(name);
  }

  /** Names of the streams that begin with `prefix`, each once. */
  *names(prefix: string): Iterable<string> {
    const seen = new Set<string>();
    for (const name of this.#everyName(prefix)) {
      if (seen.has(name)) continue;
      seen.add(name);
      yield name;
    }
  }

  /**
   * The stream's entry, made when there is none. To be released when nothing is added to it. `revision` is the stream's,
   * from a caller that has asked for it.
   */
  stream(name: string, revision = this.revision(name)): StreamEntry {
    let entry = this.live.get(name);
    if (!entry) {
      entry = { name, revision, visible: revision, chunks: [] };
      this.live.set(name, entry);
    }
    return entry;
  }

  /** Forgets an entry that says no more than the tables. */
  release({ name, revision, visible, chunks }: StreamEntry): void {
    if (chunks.length === 0 && revision === visible) this.live.delete(name);
  }

  /** Numbers of the chunks that hold events of the stream, from this number on, ascending. */
  chunksOf(name: string, from: number): number[] {
    const numbers: number[] = [];
    for (const [order, { table, firstChunk }] of this.segments.entries()) {
      const end = this.segments[order + 1]?.firstChunk ?? this.chunks.length;
      if (end <= from || !table) continue;
      for (const chunk of table.find(name)?.chunks ?? []) numbers.push(firstChunk + chunk);
    }
    numbers.push(...(this.live.get(name)?.chunks ?? []));
    return numbers.filter((number) => number >= from);
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

  /** Entries first: those of a segment that is sealed meanwhile are in its table as well. */
  *#everyName(prefix: string): Iterable<string> {
    for (const name of this.live.keys()) if (name.startsWith(prefix)) yield name;
    for (const { table } of this.segments.toReversed()) yield* table?.names(prefix) ?? [];
  }

  /** The stream's revision at the end of the last closed segment that has it; 0 when none has. */
  #tabled(name: string): number {
    for (let order = this.segments.length - 1; order >= 0; order -= 1) {
      const share = this.segments[order]?.table?.find(name);
      if (share) return share.revision;
    }
    return 0;
  }

  #chunkFor(segment: SegmentEntry, first: number, offset: number, end: number): number {
    const last = this.#chunks.at(-1);
    if (last?.segment !== segment || end - last.offset > chunkBytes) this.addChunk({ segment, offset, first });
    return this.#chunks.length - 1;
  }
}
