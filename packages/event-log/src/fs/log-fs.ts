/**
 * How a file is opened. `read`: it must exist. `write`: for reading and writing, created (0600) when missing, never emptied.
 * `write-durable`: like `write`, but each write returns only after its own bytes are on the medium (O_DSYNC).
 */
export type OpenMode = 'read' | 'write' | 'write-durable';

/** An open file. Every call is positional; there is no file pointer. */
export interface LogFile {
  /** Returns how many bytes were read; 0 at the end. May be fewer than asked for. */
  read(into: Uint8Array, position: number): Promise<number>;
  /** Returns how many bytes were written, which may be fewer than given and that without an error: a full disk does so. */
  write(bytes: Uint8Array, position: number): Promise<number>;
  /** Everything written to the file so far, by whichever handle, is on the medium when this resolves. Never call it again after it failed. */
  sync(): Promise<void>;
  /** Cuts or (with zeros) lengthens the file. */
  truncate(length: number): Promise<void>;
  size(): Promise<number>;
  close(): Promise<void>;
}

/**
 * The whole file system as the log sees it: the one seam through which every fault can be played.
 * Errors carry the usual `code` (ENOENT, ENOSPC, EIO).
 */
export interface LogFs {
  open(path: string, mode: OpenMode): Promise<LogFile>;
  /** Creates the directory (0700) and its parents; an existing one is fine. */
  makeDir(path: string): Promise<void>;
  /** Names in the directory, in no order. ENOENT when there is none. */
  list(path: string): Promise<string[]>;
  /** Replaces the target atomically. Durable only after `syncDir`. */
  rename(from: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
  /** Makes the names in the directory durable. */
  syncDir(path: string): Promise<void>;
  /** Calls back soon after something in the directory changed. Returns how to stop. Left out where there is no such thing: then readers look once a second. */
  watch?(path: string, onChange: () => void): () => void;
}
