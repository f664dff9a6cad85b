import { createHash, hash } from 'node:crypto';
import { throwIfAborted, type CallOptions } from '@runtime/contracts';
import type {
  ArtifactStore,
  Content,
  ContentSource,
  HeldContent,
  PutOptions,
  ReadContentOptions,
} from '@runtime/contracts/artifacts';
import { chunksOf, closed, corrupt, digestOf, notFound, rangeOf, readOnly, SourceFailure } from './arguments.ts';
import { ContentTable, type Place } from './content-table.ts';
import type { Digest, PackEntry } from './format/pack-format.ts';
import { storeFailure } from './fs/failures.ts';
import { ifThere } from './fs/files.ts';
import { readChunks } from './fs/read-chunks.ts';
import type { StoreFs } from './fs/store-fs.ts';
import { Holds } from './holds.ts';
import { LooseFiles } from './loose/loose-files.ts';
import { Packs } from './packs/packs.ts';
import { PackWriter } from './packs/pack-writer.ts';
import type { Paths } from './format/paths.ts';
import { Recent } from './recent.ts';
import { removeContents } from './remove-contents.ts';
import { splitSmall } from './split-small.ts';
import { Turns } from './turns.ts';

/** A content of at most this size lies in a pack, so that many of them cost one sync. */
const packedBytes = 64 * 1024;
/** So many large contents are written at once; each has a file open. */
const maxLargePuts = 32;
/** Of so many large contents it is remembered that they are whole, so that the next range of one costs no look at all of it. */
const maxVerified = 1000;

/** A store in files: small contents in packs, and each large one in a file of its own. */
export class FileStore implements ArtifactStore {
  readonly #packs: Packs;
  readonly #loose: LooseFiles;
  /** Undefined for a store that only reads. */
  readonly #writer: PackWriter | undefined;
  readonly #table = new ContentTable();
  readonly #holds = new Holds();
  /** What is being stored or removed now; resolves when that is over, however. */
  readonly #busy = new Map<string, Promise<void>>();
  /** What was read and had another digest: it is stored anew when somebody has it. */
  readonly #damaged = new Set<string>();
  readonly #verified = new Recent(maxVerified);
  readonly #large = new Turns(maxLargePuts);
  readonly #removals = new Turns(1);
  readonly #looks = new Turns(1);
  readonly #underWay = new Set<Promise<unknown>>();
  #closing: Promise<void> | undefined;

  constructor(fs: StoreFs, paths: Paths, isReadOnly: boolean) {
    this.#packs = new Packs(fs, paths);
    this.#loose = new LooseFiles(fs, paths);
    if (isReadOnly) return;
    const onStored = (name: string, entries: readonly PackEntry[]): void =>
      this.#addPacked(this.#packs.numberOf(name), entries);
    this.#writer = new PackWriter({ fs, paths, onStored });
  }

  /** Finds what is there. */
  async load(): Promise<void> {
    await this.#findPacked();
    for await (const sha256 of this.#loose.find()) this.#table.set(Buffer.from(sha256, 'hex'), { kind: 'loose' });
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
        return 'small' in taken ? await this.#putSmall(writer, taken.small) : await this.#putLarge(taken.large);
      } finally {
        await chunks.return();
      }
    });
  }

  async #putSmall(writer: PackWriter, bytes: Buffer): Promise<HeldContent> {
    const digest = hash('sha256', bytes, 'buffer');
    return (await this.#keep(digest, bytes.length, () => writer.add(digest, bytes))).content;
  }

  #putLarge(chunks: AsyncIterable<Uint8Array>): Promise<HeldContent> {
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
    });
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
      while (!this.#table.get(digest) || this.#damaged.has(sha256)) {
        const busy = this.#busy.get(sha256);
        if (busy) {
          await busy;
          continue;
        }
        await this.#whileBusy(sha256, store);
        this.#damaged.delete(sha256);
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
    const digest = digestOf(sha256);
    try {
      const place = await this.#find(digest);
      if (!place) throw notFound(sha256);
      if (place.kind === 'loose') yield* this.#readLoose(sha256, options);
      else yield* await this.#readPacked(digest, options);
    } catch (error) {
      throw storeFailure(error, 'read a content');
    }
  }

  async #readPacked(digest: Digest, options: ReadContentOptions): Promise<Buffer[]> {
    const sha256 = digest.toString('hex');
    for (let place = this.#table.get(digest); place?.kind === 'packed'; place = this.#table.get(digest)) {
      const { pack, offset, bytes } = place;
      const { from, to } = rangeOf(options, bytes);
      // Its pack may have been removed after the look; then it lies in another one.
      const found = await ifThere(this.#packs.read(pack, offset, bytes).then((read) => ({ read })));
      const now = this.#table.get(digest);
      if (!found && now?.kind === 'packed' && now.pack === pack) {
        if (this.#writer) throw this.#damage(sha256);
        this.#table.delete(digest);
        await this.#find(digest);
        continue;
      }
      if (!found) continue;
      if (!found.read || !hash('sha256', found.read, 'buffer').equals(digest)) throw this.#damage(sha256);
      return to > from ? [found.read.subarray(from, to)] : [];
    }
    throw notFound(sha256);
  }

  async *#readLoose(sha256: string, options: ReadContentOptions): AsyncGenerator<Uint8Array, void, undefined> {
    const file = await ifThere(this.#loose.open(sha256));
    if (!file) throw notFound(sha256);
    try {
      const size = await file.size();
      const { from, to } = rangeOf(options, size);
      const isWhole = from === 0 && to === size;
      if (!isWhole && !this.#verified.has(sha256)) {
        const sum = createHash('sha256');
        for await (const chunk of readChunks(file, 0, size)) {
          throwIfAborted(options.signal);
          sum.update(chunk);
        }
        if (sum.digest('hex') !== sha256) throw this.#damage(sha256);
        this.#verified.add(sha256);
      }
      const sum = isWhole ? createHash('sha256') : undefined;
      let held: Buffer | undefined;
      for await (const chunk of readChunks(file, from, to)) {
        throwIfAborted(options.signal);
        sum?.update(chunk);
        if (held) yield held;
        held = chunk;
      }
      if (sum && sum.digest('hex') !== sha256) throw this.#damage(sha256);
      if (held) yield held;
    } finally {
      await file.close();
    }
  }

  #damage(sha256: string): Error {
    this.#damaged.add(sha256);
    this.#verified.delete(sha256);
    return corrupt(sha256);
  }

  async *contents({ signal }: CallOptions = {}): AsyncGenerator<Content, void, undefined> {
    this.#assertOpen();
    try {
      if (!this.#writer) await this.#findPacked();
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

  async remove(digests: readonly string[], { signal }: CallOptions = {}): Promise<readonly Content[]> {
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
          isKept: (sha256) => this.#holds.has(sha256) || this.#busy.has(sha256),
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

  /** Beside a writer, what is not known may have been stored since. */
  async #find(digest: Digest): Promise<Place | undefined> {
    const known = this.#table.get(digest);
    if (known || this.#writer) return known;
    await this.#findPacked();
    const packed = this.#table.get(digest);
    if (packed) return packed;
    const file = await ifThere(this.#loose.open(digest.toString('hex')));
    if (!file) return undefined;
    await file.close();
    this.#table.set(digest, { kind: 'loose' });
    return { kind: 'loose' };
  }

  #findPacked(): Promise<void> {
    return this.#looks.run(async () => {
      for await (const { pack, entries } of this.#packs.find()) this.#addPacked(pack, entries);
    });
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
