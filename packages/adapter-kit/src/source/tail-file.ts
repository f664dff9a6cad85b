import type { FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { AgentRuntimeError, type CallOptions } from '@runtime/contracts';
import { openRegular } from '../files/open-regular.ts';
import { watchChanges, type ChangeWatch } from './watch-changes.ts';

/** Options of `tailFile`. */
export interface TailOptions extends CallOptions {
  /** Byte offset of the first byte. @default 0 */
  readonly from?: number;
  /**
   * True when the file will not grow any more. Called when everything was read; after true the file is read to its end
   * once more.
   * For a run: `runEnded(handle)`.
   */
  readonly ended: () => boolean | Promise<boolean>;
  /** False: ends where the file stood at the call, also when it goes on. @default true */
  readonly follow?: boolean;
  /** Largest chunk in bytes. @default 262144 */
  readonly chunkBytes?: number;
  /** Cut chunks at this offset, so that one begins there. @default nowhere */
  readonly boundary?: number;
  /** Poll interval in ms, for systems without file notifications. @default 500 */
  readonly pollMs?: number;
  /** A file or directory whose changes wake the reader before the next poll. @default the file's directory */
  readonly watch?: string;
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
 * for more. Without `follow` it is what was there at the call.
 * A file that is not there yet is waited for. Aborting `signal` ends the iteration without a throw.
 * Throws INVALID_ARGUMENT for what is no regular file, a symbolic link included, DATA_CORRUPT when the file became
 * shorter than what was read.
 */
export async function* tailFile(file: string, options: TailOptions): AsyncGenerator<Chunk, void, undefined> {
  const { signal, ended, pollMs = 500, follow = true } = options;
  // A directory's watch sees appends to its files as well, and the exit record next to them.
  const changes = watchChanges(options.watch ?? path.dirname(file), pollMs);
  let handle: FileHandle | undefined;
  try {
    handle = await awaitFile(file, options, changes);
    if (!handle) return;
    const cursor = { position: options.from ?? 0, buffer: Buffer.allocUnsafe(options.chunkBytes ?? 256 * 1024) };
    // A file that grows as fast as it is read would have no end.
    const stood = follow ? Infinity : (await handle.stat()).size;
    for (;;) {
      yield* readOn(handle, cursor, options, stood);
      // What was written before the end is read after the answer, hence once more.
      const last = await ended();
      const before = cursor.position;
      yield* readOn(handle, cursor, options, last ? Infinity : stood);
      if (signal?.aborted) return;
      if (cursor.position === before) await refuseShrunk(handle, file, before);
      if (last || !follow) return;
      await changes.next(signal);
    }
  } finally {
    changes.close();
    await handle?.close();
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
    const at = size === cursor.position ? { at: Math.round(mtimeMs) } : {};
    yield { bytes: Buffer.from(buffer.subarray(0, bytesRead)), start, ...at };
  }
}

function room(size: number, position: number, boundary: number | undefined): number {
  return boundary !== undefined && boundary > position ? Math.min(size, boundary - position) : size;
}

async function awaitFile(file: string, options: TailOptions, changes: ChangeWatch): Promise<FileHandle | undefined> {
  for (;;) {
    if (options.signal?.aborted) return undefined;
    const handle = await openRegular(file);
    if (handle) return handle;
    if ((await options.ended()) || options.follow === false) return openRegular(file);
    await changes.next(options.signal);
  }
}

async function refuseShrunk(handle: FileHandle, file: string, position: number): Promise<void> {
  const { size } = await handle.stat();
  if (size >= position) return;
  throw new AgentRuntimeError('DATA_CORRUPT', `${file} became shorter than what was read of it`, {
    details: { size, position },
  });
}
