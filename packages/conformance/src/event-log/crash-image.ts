import { dirname } from 'node:path';
import type { DiskImage, DiskOperation } from './fault-file-system.ts';
import { resized } from './fault-fs.ts';

/** Where a crash happens, and what survives it. */
export interface CrashOptions {
  /** The number of complete operations. */
  readonly at: number;
  /** How many bytes of the next operation are written, if it is a write. @default 0 */
  readonly bytes?: number;
  /**
   * A random number from 0 up to 1, for a power failure: bytes that were not synced are there or not, sector by sector,
   * and names likewise, as this number decides each time.
   * @default a crash of the process, which loses nothing
   */
  readonly power?: () => number;
  /** The bytes that survive or are lost together. @default 512 */
  readonly sectorBytes?: number;
}

/** What the disk holds after a crash during these operations, which must begin with an empty disk. */
export function crashImage(operations: readonly DiskOperation[], options: CrashOptions): DiskImage {
  const disk = new Disk(options.sectorBytes ?? 512);
  for (const operation of operations.slice(0, options.at)) disk.apply(operation);
  const next = operations[options.at];
  if (next?.kind === 'write' && options.bytes) {
    disk.apply({ ...next, bytes: next.bytes.subarray(0, options.bytes), durable: false });
  }
  return options.power ? disk.afterPowerLoss(options.power) : disk.now();
}

class CachedFile {
  /** What programs see. */
  cache: Uint8Array = new Uint8Array();
  /** What is on the medium. */
  medium: Uint8Array = new Uint8Array();
  readonly dirty = new Set<number>();
}

class Disk {
  readonly #sectorBytes: number;
  readonly #files = new Map<number, CachedFile>();
  readonly #names = new Map<string, number>();
  /** Names as they are on the medium. */
  readonly #durableNames = new Map<string, number>();
  /** Changes of names that no sync of their directory has covered yet. */
  #pendingNames: NameChange[] = [];

  constructor(sectorBytes: number) {
    this.#sectorBytes = sectorBytes;
  }

  apply(operation: DiskOperation): void {
    switch (operation.kind) {
      case 'create':
        this.#files.set(operation.file, new CachedFile());
        this.#rename(operation);
        break;
      case 'rename':
      case 'remove':
        this.#rename(operation);
        break;
      case 'write':
        this.#write(this.#file(operation.file), operation);
        break;
      case 'truncate':
        this.#truncate(this.#file(operation.file), operation.length);
        break;
      case 'sync':
        this.#sync(this.#file(operation.file));
        break;
      case 'syncDir':
        this.#syncDir(operation.path);
        break;
    }
  }

  now(): DiskImage {
    return new Map([...this.#names].map(([path, file]) => [path, this.#file(file).cache]));
  }

  afterPowerLoss(random: () => number): DiskImage {
    // Names are journalled in order, so a first part of the pending changes survives.
    const kept = Math.floor(random() * (this.#pendingNames.length + 1));
    for (const change of this.#pendingNames.slice(0, kept)) changeNames(this.#durableNames, change);
    const image = new Map<string, Uint8Array>();
    for (const [path, number] of this.#durableNames) image.set(path, this.#survivor(this.#file(number), random));
    return image;
  }

  #survivor(file: CachedFile, random: () => number): Uint8Array {
    const length = random() < 0.5 ? file.medium.byteLength : file.cache.byteLength;
    const bytes = resized(file.medium, length).slice();
    // Sometimes all sectors survive, sometimes none, otherwise each by itself.
    const share = random() < 0.5 ? Math.round(random()) : random();
    for (const sector of file.dirty) {
      const start = sector * this.#sectorBytes;
      const end = Math.min(start + this.#sectorBytes, length, file.cache.byteLength);
      if (start < end && random() < share) bytes.set(file.cache.subarray(start, end), start);
    }
    return bytes;
  }

  #write(file: CachedFile, { position, bytes, durable }: DiskOperation & { kind: 'write' }): void {
    const end = position + bytes.byteLength;
    file.cache = resized(file.cache, Math.max(file.cache.byteLength, end));
    file.cache.set(bytes, position);
    for (let sector = Math.floor(position / this.#sectorBytes); sector * this.#sectorBytes < end; sector += 1) {
      file.dirty.add(sector);
      if (durable) this.#flush(file, sector);
    }
  }

  #flush(file: CachedFile, sector: number): void {
    const start = sector * this.#sectorBytes;
    const end = Math.min(start + this.#sectorBytes, file.cache.byteLength);
    file.medium = resized(file.medium, Math.max(file.medium.byteLength, end));
    file.medium.set(file.cache.subarray(start, end), start);
    file.dirty.delete(sector);
  }

  #truncate(file: CachedFile, length: number): void {
    file.cache = resized(file.cache, length);
    for (const sector of file.dirty) if (sector * this.#sectorBytes >= length) file.dirty.delete(sector);
  }

  #sync(file: CachedFile): void {
    file.medium = file.cache.slice();
    file.dirty.clear();
  }

  #rename(operation: DiskOperation): void {
    const change = nameChange(operation, this.#names);
    changeNames(this.#names, change);
    this.#pendingNames.push(change);
  }

  #syncDir(path: string): void {
    const covered = (change: NameChange) => [...change.keys()].some((name) => dirname(name) === path);
    for (const change of this.#pendingNames.filter(covered)) changeNames(this.#durableNames, change);
    this.#pendingNames = this.#pendingNames.filter((change) => !covered(change));
  }

  #file(number: number): CachedFile {
    const file = this.#files.get(number);
    if (!file) throw new Error(`the record does not begin with an empty disk: file ${number} was never created`);
    return file;
  }
}

/** Which file has a name from now on; undefined for none. */
type NameChange = ReadonlyMap<string, number | undefined>;

/** A rename names the file that it moves, also where that file's old name never reached the medium. */
function nameChange(operation: DiskOperation, names: ReadonlyMap<string, number>): NameChange {
  if (operation.kind === 'create') return new Map([[operation.path, operation.file]]);
  if (operation.kind === 'remove') return new Map([[operation.path, undefined]]);
  if (operation.kind !== 'rename') return new Map();
  return new Map([
    [operation.from, undefined],
    [operation.to, names.get(operation.from)],
  ]);
}

function changeNames(names: Map<string, number>, change: NameChange): void {
  for (const [name, file] of change) {
    if (file === undefined) names.delete(name);
    else names.set(name, file);
  }
}
