/**
 * The file system that an event log is given, as this kit needs it. Structurally the log's own interface,
 * written down again so that the kit depends on no implementation.
 */
export interface FaultFile {
  read(into: Uint8Array, position: number): Promise<number>;
  write(bytes: Uint8Array, position: number): Promise<number>;
  sync(): Promise<void>;
  truncate(length: number): Promise<void>;
  size(): Promise<number>;
  close(): Promise<void>;
}

export interface FaultFileSystem {
  open(path: string, mode: 'read' | 'write' | 'write-durable'): Promise<FaultFile>;
  makeDir(path: string): Promise<void>;
  list(path: string): Promise<string[]>;
  rename(from: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
  syncDir(path: string): Promise<void>;
}

/** Files by path. */
export type DiskImage = ReadonlyMap<string, Uint8Array>;

/** Something that was done to the disk, in order. A file keeps its number whatever its name is. */
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

/** What happens instead of an operation. `written`: so many bytes of a write get through first; alone, the write is short without an error. */
export interface Fault {
  readonly code?: 'EIO' | 'ENOSPC';
  readonly written?: number;
}

export function systemError(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code });
}
