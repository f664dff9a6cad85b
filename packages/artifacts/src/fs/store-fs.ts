/** An open file. Calls may run at the same time. */
export interface StoreFile {
  /** Reads up to `into.byteLength` bytes from this position; fewer, and 0 at the end of the file, where there are no more. */
  read(into: Uint8Array, position: number): Promise<number>;
  /** Writes at this position, and resolves with the number of bytes written, which may be smaller. */
  write(bytes: Uint8Array, position: number): Promise<number>;
  /** Everything written is durable when this resolves. */
  sync(): Promise<void>;
  size(): Promise<number>;
  close(): Promise<void>;
}

/** The file system as a store sees it: for tests that make it fail. Errors have the `code` of the system's. */
export interface StoreFs {
  /** `read`: a regular file that is there, no link; `create`: a new one (0600), EEXIST when there is one. */
  open(path: string, mode: 'read' | 'create'): Promise<StoreFile>;
  /** Makes a directory (0700) whose parent is there, unless it is there itself. */
  makeDir(path: string): Promise<void>;
  list(path: string): Promise<string[]>;
  rename(from: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
  /** The names in the directory are durable when this resolves. */
  syncDir(path: string): Promise<void>;
}
