import { fstatSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AgentRuntimeError, type CallOptions } from '@runtime/contracts';
import { openRegular } from '../files/open-regular.ts';
import { followedFiles } from './sweep.ts';
import { watchChanges, type ChangeWatch } from './watch-changes.ts';

/** Answers whether a file will not grow any more. */
export interface Ended {
  (): boolean | Promise<boolean>;
  /** Names of the files beside it whose change is a reason to ask. @default any other file */
  readonly signs?: ReadonlySet<string>;
  /**
   * Whether it is worth asking although nothing changed: synchronous and cheap. Asked every 10 s, in one wake for all
   * readers of this process. @default `ended` itself is asked, every `pollMs`
   */
  readonly isDoubtful?: () => boolean;
  /** In how many ms it is worth asking again although nothing changes; looked at before each wait. @default never */
  readonly again?: () => number | undefined;
}

/** Options of `tailFile`. */
export interface TailOptions extends CallOptions {
  /** Byte offset of the first byte. @default 0 */
  readonly from?: number;
  /**
   * True when the file will not grow any more. Asked when everything was read and something else than the file changed,
   * and once a second while the file grows; after true it is read to its end once more.
   * For a run: `runEnded(handle)`.
   */
  readonly ended: Ended;
  /** False: ends where the file stood at the call, also when it goes on. @default true */
  readonly follow?: boolean;
  /** Largest chunk in bytes. @default 262144 */
  readonly chunkBytes?: number;
  /** Cut chunks at this offset, so that one begins there. @default nowhere */
  readonly boundary?: number;
  /**
   * Poll interval in ms, for an end that nothing announces. @default 500, and none where `ended` has an `isDoubtful`;
   * 100 where nothing can be watched
   */
  readonly pollMs?: number;
}

/** A stretch of a file. */
export interface Chunk {
  /** Not shared with other chunks: it may be kept. */
  readonly bytes: Buffer;
  /** Offset of its first byte in the file. */
  readonly start: number;
  /** Unix ms at which its last byte was written: the file's time, where nothing stands behind the chunk. */
  readonly at?: number;
}

/**
 * Follows a growing file: what is there, then what comes, until `ended` and everything was read. Reads only when asked
 * for more, and a file that grows line by line every 20 ms. Without `follow` it is what was there at the call.
 * A file that is not there yet is waited for. Aborting `signal` ends the iteration without a throw.
 * Throws INVALID_ARGUMENT for what is no regular file, a symbolic link included, DATA_CORRUPT when the file became
 * shorter than what was read.
 */
export async function* tailFile(file: string, options: TailOptions): AsyncGenerator<Chunk, void, undefined> {
  const { signal, ended, follow = true } = options;
  const growth = new Growth(file, options);
  let handle: FileHandle | undefined;
  try {
    handle = await awaitFile(file, options, growth);
    if (!handle) return;
    const cursor = { position: options.from ?? 0, buffer: Buffer.allocUnsafe(options.chunkBytes ?? 256 * 1024) };
    growth.of(handle, cursor);
    // A file that grows as fast as it is read would have no end.
    const stood = follow ? Infinity : (await handle.stat()).size;
    for (;;) {
      let before = cursor.position;
      yield* readOn(handle, cursor, options, stood);
      const isAsked = growth.wantsAnswer;
      let last = false;
      if (isAsked) {
        growth.asked();
        last = await ended();
        // What was written before the end is read after the answer, hence once more; what comes later is announced.
        before = cursor.position;
        if (last) yield* readOn(handle, cursor, options, Infinity);
      }
      if (signal?.aborted) return;
      if (cursor.position === before) await refuseShrunk(handle, file, before);
      if (last || (isAsked && !follow)) return;
      await growth.next(signal);
    }
  } finally {
    growth.close();
    await handle?.close();
  }
}

/** How long a file that grows is left alone between two looks, in ms: lines that come in between are read together. */
const spacingMs = 20;
/** How often `ended` is asked while a file grows, in ms: a run may be over its limit. */
const askMs = 1000;

/** When a file is looked at again, and whether its end is a question then. */
class Growth {
  readonly #changes: ChangeWatch;
  readonly #isDoubtful: (() => boolean) | undefined;
  readonly #again: () => number | undefined;
  readonly #forget: (() => void) | undefined;
  #hasGrown = (): boolean => true;
  #wantsAnswer = true;
  #askedAt = 0;
  #lookedAt = 0;

  constructor(file: string, { ended, pollMs }: TailOptions) {
    const { signs, isDoubtful, again = () => undefined } = ended;
    const own = path.basename(file);
    this.#isDoubtful = isDoubtful;
    this.#again = again;
    // A directory's watch sees appends to its files as well, and the exit record next to them.
    this.#changes = watchChanges(path.dirname(file), pollMs ?? (isDoubtful ? Infinity : 500), {
      heeds: (name) => {
        if (name === own) return true;
        if (name !== undefined && signs && !signs.has(name)) return false;
        this.#wantsAnswer = true;
        return true;
      },
    });
    if (isDoubtful) this.#forget = followedFiles.add(() => this.#lookAgain(isDoubtful));
  }

  get wantsAnswer(): boolean {
    return this.#wantsAnswer || !this.#isDoubtful || performance.now() - this.#askedAt >= askMs;
  }

  asked(): void {
    this.#wantsAnswer = false;
    this.#askedAt = performance.now();
  }

  /** The file is there. */
  of(handle: FileHandle, cursor: { readonly position: number }): void {
    this.#hasGrown = () => sizeOf(handle) !== cursor.position;
  }

  async next(signal: AbortSignal | undefined): Promise<void> {
    const againMs = this.#again();
    const timer = againMs === undefined ? undefined : setTimeout(() => this.#ask(), againMs);
    await this.#changes.next(signal);
    clearTimeout(timer);
    const early = this.#lookedAt + spacingMs - performance.now();
    if (early > 0 && !this.#wantsAnswer && !signal?.aborted) await sleep(early);
    this.#lookedAt = performance.now();
  }

  close(): void {
    this.#forget?.();
    this.#changes.close();
  }

  #lookAgain(isDoubtful: () => boolean): void {
    if (isDoubtful()) this.#ask();
    else if (this.#hasGrown()) this.#changes.wake();
  }

  #ask(): void {
    this.#wantsAnswer = true;
    this.#changes.wake();
  }
}

/** At once; undefined where it cannot be told: who reads next finds out why. */
function sizeOf({ fd }: FileHandle): number | undefined {
  try {
    return fstatSync(fd).size;
  } catch {
    return undefined;
  }
}

/** Everything that is there now, up to the offset `until`. */
async function* readOn(
  handle: FileHandle,
  cursor: { position: number; readonly buffer: Buffer },
  { signal, boundary }: TailOptions,
  until: number,
): AsyncGenerator<Chunk, void, undefined> {
  const { buffer } = cursor;
  for (;;) {
    if (signal?.aborted) return;
    const start = cursor.position;
    if (start >= until) return;
    const length = Math.min(room(buffer.length, start, boundary), until - start);
    const { bytesRead } = await handle.read(buffer, 0, length, start);
    if (bytesRead === 0) return;
    cursor.position += bytesRead;
    const { size, mtimeMs } = await handle.stat();
    const isEnd = size === cursor.position;
    const at = isEnd ? { at: Math.round(mtimeMs) } : {};
    yield { bytes: Buffer.from(buffer.subarray(0, bytesRead)), start, ...at };
    // What came meanwhile was announced.
    if (isEnd) return;
  }
}

function room(size: number, position: number, boundary: number | undefined): number {
  return boundary !== undefined && boundary > position ? Math.min(size, boundary - position) : size;
}

async function awaitFile(file: string, options: TailOptions, growth: Growth): Promise<FileHandle | undefined> {
  for (;;) {
    if (options.signal?.aborted) return undefined;
    const handle = await openRegular(file);
    if (handle) return handle;
    if ((await options.ended()) || options.follow === false) return openRegular(file);
    await growth.next(options.signal);
  }
}

async function refuseShrunk(handle: FileHandle, file: string, position: number): Promise<void> {
  const { size } = await handle.stat();
  if (size >= position) return;
  throw new AgentRuntimeError('DATA_CORRUPT', `${file} became shorter than what was read of it`, {
    details: { size, position },
  });
}
