/**
 * An open file. It has the type of `LogFile` in `@runtime/event-log/testing`, declared again because this package
 * depends on no implementation.
 */
export interface FaultFile {
  read(into: Uint8Array, position: number): Promise<number>;
  write(bytes: Uint8Array, position: number): Promise<number>;
  sync(): Promise<void>;
  truncate(length: number): Promise<void>;
  size(): Promise<number>;
  isAt(path: string): boolean;
  lengthAt(path: string): number | undefined;
  close(): Promise<void>;
}

/** A file system for an event log. It has the type of `LogFs` in `@runtime/event-log/testing`, without `watch`. */
export interface FaultFileSystem {
  open(path: string, mode: 'read' | 'write' | 'write-durable' | 'create'): Promise<FaultFile>;
  makeDir(path: string): Promise<void>;
  list(path: string): Promise<string[]>;
  rename(from: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
  syncDir(path: string): Promise<void>;
}

/** The content of all files, by path. */
export type DiskImage = ReadonlyMap<string, Uint8Array>;

/** An operation on the disk. A file keeps its number when it is renamed. */
export type DiskOperation =
  | { readonly kind: 'create'; readonly file: number; readonly path: string }
  | {
      readonly kind: 'write';
      readonly file: number;
      readonly position: number;
      readonly bytes: Uint8Array;
      readonly durable: boolean;
    }
  | { readonly kind: 'truncate'; readonly file: number; readonly length: number }
  | { readonly kind: 'sync'; readonly file: number }
  | { readonly kind: 'rename'; readonly from: string; readonly to: string }
  | { readonly kind: 'remove'; readonly path: string }
  | { readonly kind: 'syncDir'; readonly path: string };

/** What happens instead of an operation. */
export interface Fault {
  /** The code of the error that it fails with; without one, a write is short without an error. */
  readonly code?: 'EIO' | 'ENOSPC';
  /** How many bytes of a write are written first. @default 0 with a code, all without one */
  readonly written?: number;
}

/** An error as `node:fs` throws it. */
export function systemError(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code });
}

/** The same disk, whose files are opened in another way. */
export const opening = (disk: FaultFileSystem, open: FaultFileSystem['open']): FaultFileSystem => ({
  open,
  makeDir: (path) => disk.makeDir(path),
  list: (path) => disk.list(path),
  rename: (from, to) => disk.rename(from, to),
  remove: (path) => disk.remove(path),
  syncDir: (path) => disk.syncDir(path),
});
