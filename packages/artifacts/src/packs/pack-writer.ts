import { writeFully } from '../fs/files.ts';
import type { StoreFile, StoreFs } from '../fs/store-fs.ts';
import {
  encodeIndex,
  packHead,
  recordHeadBytes,
  writeRecordHead,
  type Digest,
  type PackEntry,
} from '../format/pack-format.ts';
import { newPackName, type Paths } from '../format/paths.ts';

/** A pack of this size gets its index, and the next content begins another one. */
const fullPackBytes = 64 * 1024 * 1024;
/** At most this much is written at once. */
const maxGroupBytes = 4 * 1024 * 1024;

/** A content that waits to be written. */
interface Waiting {
  readonly digest: Digest;
  readonly bytes: Buffer;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** The pack to which contents are added. */
interface OpenPack {
  readonly name: string;
  readonly file: StoreFile;
  readonly entries: PackEntry[];
  end: number;
}

interface PackWriterOptions {
  readonly fs: StoreFs;
  readonly paths: Paths;
  /** Called once contents are durable, before those who added them are told. */
  readonly onStored: (pack: string, entries: readonly PackEntry[]) => void;
}

/**
 * Adds small contents to a pack. During one write and its sync the next contents gather, so that many of them cost one
 * sync. A pack in which a write or a sync failed gets nothing more: what of it is on the disk is not known.
 */
export class PackWriter {
  readonly #options: PackWriterOptions;
  #gathering: Waiting[] = [];
  #running: Promise<void> | undefined;
  #pack: OpenPack | undefined;

  constructor(options: PackWriterOptions) {
    this.#options = options;
  }

  /** The name of the pack that is being written. */
  get current(): string | undefined {
    return this.#pack?.name;
  }

  /** Durable when it resolves. `bytes` must stay as they are until then. */
  add(digest: Digest, bytes: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#gathering.push({ digest, bytes, resolve, reject });
      // Whatever comes in this tick is in the first group.
      this.#running ??= Promise.resolve()
        .then(() => this.#run())
        .finally(() => (this.#running = undefined));
    });
  }

  /** Ends the pack with its index; what is added later begins another one. */
  async seal(): Promise<void> {
    while (this.#running) await this.#running;
    await this.#seal();
  }

  async #run(): Promise<void> {
    while (this.#gathering.length > 0) {
      const group = this.#take();
      try {
        const pack = this.#pack ?? (await this.#begin());
        const entries = await this.#write(pack, group);
        this.#options.onStored(pack.name, entries);
        for (const { resolve } of group) resolve();
        if (pack.end >= fullPackBytes) await this.#seal();
      } catch (error) {
        await this.#abandon();
        for (const { reject } of group) reject(error);
      }
    }
  }

  #take(): Waiting[] {
    let bytes = 0;
    let count = 0;
    for (const waiting of this.#gathering) {
      bytes += recordHeadBytes + waiting.bytes.length;
      if (count > 0 && bytes > maxGroupBytes) break;
      count += 1;
    }
    return this.#gathering.splice(0, count);
  }

  async #begin(): Promise<OpenPack> {
    const { fs, paths } = this.#options;
    const name = newPackName();
    const file = await fs.open(paths.pack(name), 'create');
    const pack: OpenPack = { name, file, entries: [], end: packHead.length };
    this.#pack = pack;
    await writeFully(file, packHead, 0);
    await fs.syncDir(paths.packs);
    return pack;
  }

  async #write(pack: OpenPack, group: readonly Waiting[]): Promise<PackEntry[]> {
    const length = group.reduce((sum, { bytes }) => sum + recordHeadBytes + bytes.length, 0);
    const records = Buffer.allocUnsafe(length);
    let at = 0;
    const entries = group.map(({ digest, bytes }) => {
      writeRecordHead(records, at, digest, bytes.length);
      bytes.copy(records, at + recordHeadBytes);
      const entry = { digest, offset: pack.end + at + recordHeadBytes, bytes: bytes.length };
      at += recordHeadBytes + bytes.length;
      return entry;
    });
    await writeFully(pack.file, records, pack.end);
    await pack.file.sync();
    pack.end += length;
    pack.entries.push(...entries);
    return entries;
  }

  async #seal(): Promise<void> {
    const pack = this.#pack;
    this.#pack = undefined;
    if (!pack) return;
    // Without its index, or with a part of it, a pack is read record by record.
    await writeFully(pack.file, encodeIndex(pack.entries), pack.end).catch(() => undefined);
    await pack.file.close();
  }

  async #abandon(): Promise<void> {
    const pack = this.#pack;
    this.#pack = undefined;
    if (!pack) return;
    await pack.file.close().catch(() => undefined);
    if (pack.entries.length > 0) return;
    const { fs, paths } = this.#options;
    await fs.remove(paths.pack(pack.name)).catch(() => undefined);
  }
}
