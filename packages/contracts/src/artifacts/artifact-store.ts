import type { CallOptions } from '../base/call-options.ts';

/** Bytes, named by their digest: the same bytes are stored once. */
export interface Content {
  /** SHA-256 of the bytes: 64 hex digits, in lower case. */
  readonly sha256: string;
  readonly bytes: number;
}

/**
 * A content that a `put` stored. `remove` leaves it where it is until this is disposed of: dispose of it once whatever
 * names the content is durable. Repeatable. A process that dies holds nothing any more.
 */
export interface HeldContent extends Content, Disposable {}

/**
 * The bytes to store. Chunks are asked for one at a time; one is not used any more when the next is asked for, so a
 * source may use its buffer again.
 */
export type ContentSource = Uint8Array | AsyncIterable<Uint8Array>;

/** How a content is stored. */
export interface PutOptions extends CallOptions {
  /** A source with more bytes is refused with EXHAUSTED. @default no limit */
  readonly maxBytes?: number;
}

/** What of a content is read. */
export interface ReadContentOptions extends CallOptions {
  /** The first byte. @default 0 */
  readonly start?: number;
  /** The byte after the last one. What is beyond the end of the content is left out. @default the end */
  readonly end?: number;
}

/** What is removed. */
export interface RemoveOptions extends CallOptions {
  /**
   * True for a content that is to stay after all. Asked for each that is there and that no `put` holds, and nothing is
   * awaited from the answer until it cannot be held any more: whoever notes what a `put` held before he disposes of it
   * loses nothing. @default none
   */
  readonly isKept?: (sha256: string) => boolean;
}

/**
 * Contents by their digests. It knows no tasks and no names: those are events of the log.
 *
 * One process writes at a time, and any number may read beside it.
 */
export interface ArtifactStore {
  /**
   * Stores the bytes of the source, and is durable when it resolves; a content that is there is not stored again.
   * Memory is bounded whatever the size. Where it rejects nothing was stored, and the source was left: with what the
   * source threw; INVALID_ARGUMENT for a chunk that is no Uint8Array; EXHAUSTED beyond `maxBytes`, and where the disk is
   * full, after which it works again once there is room; CANCELLED; UNAVAILABLE where the disk fails or the store is
   * closed.
   */
  put(source: ContentSource, options?: PutOptions): Promise<HeldContent>;

  /** Undefined when there is no such content. Reads none of its bytes. */
  stat(sha256: string, options?: CallOptions): Promise<Content | undefined>;

  /**
   * The bytes from `start` to `end`, in chunks that are the reader's own. Throws NOT_FOUND; INVALID_ARGUMENT for a
   * `start` beyond the end of the content; DATA_CORRUPT when its bytes have another digest: before the first of them for
   * a range, and else no later than before the last chunk, so that nobody takes them for the whole.
   */
  read(sha256: string, options?: ReadContentOptions): AsyncIterable<Uint8Array>;

  /** Every content that is there now, each once, in no particular order. */
  contents(options?: CallOptions): AsyncIterable<Content>;

  /**
   * Removes these contents, and resolves with those that it removed: not what a `put` holds or is storing, not what
   * `isKept` says stays, and not what is not there. A content is whole or gone, whatever dies, and a later `put` stores it anew. A read that has begun may
   * end with NOT_FOUND.
   */
  remove(digests: readonly string[], options?: RemoveOptions): Promise<readonly Content[]>;

  /** Waits for what is under way; every later call is refused with UNAVAILABLE. Repeatable. */
  close(): Promise<void>;
}
