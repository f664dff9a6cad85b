/**
 * How a file is opened. `read`: the file must exist. `write`: for reading and writing, created (0600) when missing,
 * never emptied. `write-durable`: like `write`, but each write resolves only after its own bytes are on the medium
 * (O_DSYNC). `create`: like `write`, but the file must not exist: EEXIST. Of several processes that create one name,
 * exactly one succeeds.
 */
export type OpenMode = 'read' | 'write' | 'write-durable' | 'create';

/** An open file. All positions are bytes from the start of the file; there is no file pointer. */
export interface LogFile {
  /** Resolves with the number of bytes read, which may be fewer than fit; 0 at the end of the file. */
  read(into: Uint8Array, position: number): Promise<number>;
  /** Resolves with the number of bytes written, which may be fewer than given: a full disk does so without an error. */
  write(bytes: Uint8Array, position: number): Promise<number>;
  /**
   * Everything written to the file so far, by any handle, is on the medium when this resolves. Never called again after
   * it failed: a later success would not cover what the failure lost.
   */
  sync(): Promise<void>;
  /** Sets the length of the file: cuts it, or fills it up with zeros. */
  truncate(length: number): Promise<void>;
  /** The length of the file in bytes. */
  size(): Promise<number>;
  /**
   * True while the file at this path, by which it was opened, is this very file. Synchronous: every acknowledgement asks,
   * and a trip through the thread pool would cost more than the look.
   */
  isAt(path: string): boolean;
  /** As `isAt`, with the length of the file; undefined when the path has another file or none. */
  lengthAt(path: string): number | undefined;
  close(): Promise<void>;
}

/**
 * The file system as the log sees it: everything a log does to a disk goes through here, so tests can play every fault.
 * Failures are errors with the usual `code` of the system (ENOENT, ENOSPC, EIO).
 */
export interface LogFs {
  /** ENOENT for `read` when there is no such file. */
  open(path: string, mode: OpenMode): Promise<LogFile>;
  /**
   * Creates the directory (0700), if it is missing. Its parents, too, unless `parents` is false: then ENOENT when they
   * are missing.
   * @default { parents: true }
   */
  makeDir(path: string, options?: { readonly parents: boolean }): Promise<void>;
  /** The names in the directory, in any order. ENOENT when there is no such directory. */
  list(path: string): Promise<string[]>;
  /** Renames a file, replacing the target atomically. Durable only after `syncDir`. */
  rename(from: string, to: string): Promise<void>;
  /** Removes a file. ENOENT when there is none. */
  remove(path: string): Promise<void>;
  /** Makes the names in the directory durable. */
  syncDir(path: string): Promise<void>;
  /**
   * Calls back soon after something in the directory changed. Returns how to stop. Optional: without it, readers that
   * follow a log of another process look once a second.
   */
  watch?(path: string, onChange: () => void): () => void;
}
