import {
  systemError,
  type DiskImage,
  type DiskOperation,
  type Fault,
  type FaultFile,
  type FaultFileSystem,
} from './fault-file-system.ts';

interface MemoryFile {
  readonly number: number;
  bytes: Uint8Array;
}

/**
 * A file system in memory that records its operations and fails on demand. `crashImage` turns the record into what a
 * disk would hold after a crash at any point of it.
 */
export class FaultFs implements FaultFileSystem {
  /** All operations so far that had an effect, in order. */
  readonly operations: DiskOperation[] = [];
  /** Called before each operation; returns a fault to make it fail. */
  inject: ((operation: DiskOperation) => Fault | undefined) | undefined;
  /** How many bytes all files together can hold. Overwriting needs no room. */
  capacity = Infinity;
  readonly #files = new Map<string, MemoryFile>();
  #count = 0;

  /** Begins with these files; empty by default. */
  constructor(image: DiskImage = new Map()) {
    for (const [path, bytes] of image) this.#files.set(path, { number: this.#count++, bytes: Uint8Array.from(bytes) });
  }

  /** A copy of all files as they are now. */
  image(): DiskImage {
    return new Map([...this.#files].map(([path, file]) => [path, Uint8Array.from(file.bytes)]));
  }

  async open(path: string, mode: 'read' | 'write' | 'write-durable' | 'create'): Promise<FaultFile> {
    let file = this.#files.get(path);
    if (file && mode === 'create') throw systemError('EEXIST', path);
    if (!file && mode === 'read') throw systemError('ENOENT', path);
    if (!file) {
      file = { number: this.#count++, bytes: new Uint8Array() };
      this.#perform({ kind: 'create', file: file.number, path }, path);
      this.#files.set(path, file);
    }
    return this.#handle(path, file, mode === 'write-durable');
  }

  async makeDir(): Promise<void> {}

  async list(path: string): Promise<string[]> {
    const prefix = `${path}/`;
    const paths = [...this.#files.keys()].filter((file) => file.startsWith(prefix));
    if (paths.length === 0) throw systemError('ENOENT', path);
    return [...new Set(paths.map((file) => file.slice(prefix.length).split('/')[0] ?? ''))];
  }

  async rename(from: string, to: string): Promise<void> {
    const file = this.#files.get(from);
    if (!file) throw systemError('ENOENT', from);
    this.#perform({ kind: 'rename', from, to }, from);
    this.#files.delete(from);
    this.#files.set(to, file);
  }

  async remove(path: string): Promise<void> {
    if (!this.#files.has(path)) throw systemError('ENOENT', path);
    this.#perform({ kind: 'remove', path }, path);
    this.#files.delete(path);
  }

  async syncDir(path: string): Promise<void> {
    this.#perform({ kind: 'syncDir', path }, path);
  }

  #handle(path: string, file: MemoryFile, durable: boolean): FaultFile {
    return {
      read: async (into, position) => {
        const found = file.bytes.subarray(position, position + into.byteLength);
        into.set(found);
        return found.byteLength;
      },
      write: async (bytes, position) => this.#write(path, file, bytes, position, durable),
      sync: async () => this.#perform({ kind: 'sync', file: file.number }, path),
      truncate: async (length) => {
        this.#perform({ kind: 'truncate', file: file.number, length }, path);
        file.bytes = resized(file.bytes, length);
      },
      size: async () => file.bytes.byteLength,
      isAt: (at) => this.#files.get(at) === file,
      lengthAt: (at) => (this.#files.get(at) === file ? file.bytes.byteLength : undefined),
      close: async () => undefined,
    };
  }

  #write(path: string, file: MemoryFile, bytes: Uint8Array, position: number, durable: boolean): number {
    const operation = { kind: 'write', file: file.number, position, bytes: Uint8Array.from(bytes), durable } as const;
    const fault = this.inject?.(operation);
    const room = Math.max(0, file.bytes.byteLength - position) + this.capacity - this.#used();
    const count = Math.min(bytes.byteLength, fault?.written ?? (fault?.code ? 0 : bytes.byteLength), room);
    if (count > 0) {
      this.operations.push({ ...operation, bytes: operation.bytes.subarray(0, count) });
      file.bytes = resized(file.bytes, Math.max(file.bytes.byteLength, position + count));
      file.bytes.set(bytes.subarray(0, count), position);
    }
    if (fault?.code) throw systemError(fault.code, path);
    // Like a real file system: first a short write without an error, and the error only when nothing fits.
    if (count === 0 && bytes.byteLength > 0) throw systemError('ENOSPC', path);
    return count;
  }

  #perform(operation: DiskOperation, path: string): void {
    const fault = this.inject?.(operation);
    if (fault?.code) throw systemError(fault.code, path);
    this.operations.push(operation);
  }

  #used(): number {
    let used = 0;
    for (const file of this.#files.values()) used += file.bytes.byteLength;
    return used;
  }
}

/** The bytes, cut or lengthened with zeros. */
export function resized(bytes: Uint8Array, length: number): Uint8Array {
  if (length === bytes.byteLength) return bytes;
  const result = new Uint8Array(length);
  result.set(bytes.subarray(0, length));
  return result;
}
