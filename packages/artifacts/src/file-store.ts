import { hash } from 'node:crypto';
import { throwIfAborted, type CallOptions } from '@runtime/contracts';
import type {
  ArtifactStore,
  Content,
  ContentSource,
  HeldContent,
  PutOptions,
  ReadContentOptions,
  RemoveOptions,
} from '@runtime/contracts/artifacts';
import { chunksOf, closed, digestOf, readOnly, SourceFailure } from './arguments.ts';
import { ContentReader } from './content-reader.ts';
import { ContentTable, type Place } from './content-table.ts';
import type { Digest, PackEntry } from './format/pack-format.ts';
import { storeFailure } from './fs/failures.ts';
import { ifThere } from './fs/files.ts';
import type { StoreFs } from './fs/store-fs.ts';
import { Holds } from './holds.ts';
import { LooseFiles } from './loose/loose-files.ts';
import { Packs } from './packs/packs.ts';
import { PackWriter } from './packs/pack-writer.ts';
import type { Paths } from './format/paths.ts';
import { removeContents } from './remove-contents.ts';
import { splitSmall } from './split-small.ts';
import { Turns } from './turns.ts';

/** A content of at most this size lies in a pack, so that many of them cost one sync. */
const packedBytes = 64 * 1024;
/** So many large contents are written at once; each has a file open. */
const maxLargePuts = 32;

/** A store in files: small contents in packs, and each large one in a file of its own. */
export class FileStore implements ArtifactStore {
  readonly #packs: Packs;
  readonly #loose: LooseFiles;
  /** Undefined for a store that only reads. */
  readonly #writer: PackWriter | undefined;
  readonly #reader: ContentReader;
  #table = new ContentTable();
  readonly #holds = new Holds();
  /** What is being stored or removed now; resolves when that is over, however. */
  readonly #busy = new Map<string, Promise<void>>();
  readonly #large = new Turns(maxLargePuts);
  readonly #removals = new Turns(1);
  readonly #looks = new Turns(1);
  readonly #underWay = new Set<Promise<unknown>>();
  #closing: Promise<void> | undefined;

  constructor(fs: StoreFs, paths: Paths, isReadOnly: boolean) {
    this.#packs = new Packs(fs, paths);
    this.#loose = new LooseFiles(fs, paths);
    this.#reader = new ContentReader({
      packs: this.#packs,
      loose: this.#loose,
      find: (digest) => this.#find(digest),
    });
    if (isReadOnly) return;
    const onStored = (name: string, entries: readonly PackEntry[]): void =>
      this.#addPacked(this.#packs.numberOf(name), entries);
    this.#writer = new PackWriter({ fs, paths, onStored });
  }

  /** Finds what is there now. */
  load(): Promise<void> {
    return this.#looks.run(async () => {
      this.#table = new ContentTable();
      this.#packs.forget();
      await this.#addPacks();
      for await (const sha256 of this.#loose.find()) this.#table.set(Buffer.from(sha256, 'hex'), { kind: 'loose' });
    });
  }

  async put(source: ContentSource, options: PutOptions = {}): Promise<HeldContent> {
    const writer = this.#writable();
    throwIfAborted(options.signal);
    // Without the ways of a stream, which cost more than the hash of a small content.
    if (source instanceof Uint8Array && source.byteLength <= Math.min(packedBytes, options.maxBytes ?? Infinity))
      return this.#run('store a content', () => this.#putSmall(writer, Buffer.from(source)));
    const chunks = chunksOf(source, options);
    return this.#run('store a content', async () => {
      try {
        const taken = await splitSmall(chunks, packedBytes);
        return 'small' in taken
          ? await this.#putSmall(writer, taken.small)
          : await this.#putLarge(taken.large, options.signal);
      } finally {
        await chunks.return();
      }
    });
  }

  async #putSmall(writer: PackWriter, bytes: Buffer): Promise<HeldContent> {
    const digest = hash('sha256', bytes, 'buffer');
    return (await this.#keep(digest, bytes.length, () => writer.add(digest, bytes))).content;
  }

  #putLarge(chunks: AsyncIterable<Uint8Array>, signal: AbortSignal | undefined): Promise<HeldContent> {
    return this.#large.run(async () => {
      const unfinished = await this.#loose.write(chunks);
      let isStored = false;
      try {
        const { content, isNew } = await this.#keep(unfinished.digest, unfinished.bytes, async () => {
          await this.#loose.commit(unfinished);
          this.#table.set(unfinished.digest, { kind: 'loose' });
        });
        isStored = isNew;
        return content;
      } finally {
        if (!isStored) await this.#loose.discard(unfinished.path);
      }
    }, signal);
  }

  /** Stores a content unless it is there, and holds it. */
  async #keep(
    digest: Digest,
    bytes: number,
    store: () => Promise<void>,
  ): Promise<{ readonly content: HeldContent; readonly isNew: boolean }> {
    const sha256 = digest.toString('hex');
    // Before the look: from here on nobody removes it.
    const content = this.#holds.hold(sha256, bytes);
    try {
      while (!this.#table.get(digest) || this.#reader.damaged.has(sha256)) {
        const busy = this.#busy.get(sha256);
        if (busy) {
          await busy;
          continue;
        }
        await this.#whileBusy(sha256, store);
        this.#reader.damaged.delete(sha256);
        return { content, isNew: true };
      }
      return { content, isNew: false };
    } catch (error) {
      content[Symbol.dispose]();
      throw error;
    }
  }

  async #whileBusy(sha256: string, work: () => Promise<void>): Promise<void> {
    const working = work();
    const settled = working.then(
      () => undefined,
      () => undefined,
    );
    this.#busy.set(sha256, settled);
    try {
      await working;
    } finally {
      this.#busy.delete(sha256);
    }
  }

  async stat(sha256: string, { signal }: CallOptions = {}): Promise<Content | undefined> {
    this.#assertOpen();
    throwIfAborted(signal);
    const digest = digestOf(sha256);
    return this.#run('look for a content', async () => {
      const place = await this.#find(digest);
      return place && this.#contentAt(sha256, place);
    });
  }

  async *read(sha256: string, options: ReadContentOptions = {}): AsyncGenerator<Uint8Array, void, undefined> {
    this.#assertOpen();
    throwIfAborted(options.signal);
    try {
      yield* this.#reader.read(sha256, options);
    } catch (error) {
      throw storeFailure(error, 'read a content');
    }
  }

  async *contents({ signal }: CallOptions = {}): AsyncGenerator<Content, void, undefined> {
    this.#assertOpen();
    try {
      if (!this.#writer) await this.load();
      for (const digest of this.#table.digests()) {
        throwIfAborted(signal);
        const place = this.#table.get(digest);
        const content = place && (await this.#contentAt(digest.toString('hex'), place));
        if (content) yield content;
      }
    } catch (error) {
      throw storeFailure(error, 'look for the contents');
    }
  }

  async remove(digests: readonly string[], options: RemoveOptions = {}): Promise<readonly Content[]> {
    const { signal, isKept = () => false } = options;
    const writer = this.#writable();
    throwIfAborted(signal);
    const wanted = new Map(digests.map((sha256) => [sha256, digestOf(sha256)]));
    return this.#run('remove contents', () =>
      this.#removals.run(() =>
        removeContents(wanted, {
          table: this.#table,
          packs: this.#packs,
          loose: this.#loose,
          writer,
          isKept: (sha256) => this.#holds.has(sha256) || this.#busy.has(sha256) || isKept(sha256),
          whileBusy: (sha256, work) => this.#whileBusy(sha256, work),
          contentAt: (sha256, place) => this.#contentAt(sha256, place),
        }),
      ),
    );
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.allSettled(this.#underWay);
    await this.#writer?.seal();
    this.#packs.close();
  }

  async #contentAt(sha256: string, place: Place): Promise<Content | undefined> {
    if (place.kind === 'packed') return { sha256, bytes: place.bytes };
    const file = await ifThere(this.#loose.open(sha256));
    if (!file) return undefined;
    try {
      return { sha256, bytes: await file.size() };
    } finally {
      await file.close();
    }
  }

  /** Beside a writer, what is known may have been moved or removed since, and what is not may have been stored. */
  async #find(digest: Digest): Promise<Place | undefined> {
    const known = this.#table.get(digest);
    if (this.#writer) return known;
    const sha256 = digest.toString('hex');
    if (known?.kind === 'packed' && (await this.#packs.isThere(known.pack))) return known;
    this.#table.delete(digest);
    await this.#looks.run(() => this.#addPacks());
    const packed = this.#table.get(digest);
    if (packed) return packed;
    const loose = { kind: 'loose' } as const;
    if (!(await this.#contentAt(sha256, loose))) return undefined;
    this.#table.set(digest, loose);
    return loose;
  }

  async #addPacks(): Promise<void> {
    for await (const { pack, entries } of this.#packs.find()) this.#addPacked(pack, entries);
  }

  #addPacked(pack: number, entries: readonly PackEntry[]): void {
    for (const { digest, offset, bytes } of entries) this.#table.set(digest, { kind: 'packed', pack, offset, bytes });
  }

  async #run<T>(doing: string, work: () => Promise<T>): Promise<T> {
    const working = work();
    this.#underWay.add(working);
    try {
      return await working;
    } catch (error) {
      throw error instanceof SourceFailure ? error.cause : storeFailure(error, doing);
    } finally {
      this.#underWay.delete(working);
    }
  }

  #writable(): PackWriter {
    this.#assertOpen();
    if (!this.#writer) throw readOnly();
    return this.#writer;
  }

  #assertOpen(): void {
    if (this.#closing) throw closed();
  }
}
