import { createHash, hash } from 'node:crypto';
import { throwIfAborted } from '@runtime/contracts';
import type { ReadContentOptions } from '@runtime/contracts/artifacts';
import { corrupt, digestOf, notFound, rangeOf } from './arguments.ts';
import type { Place } from './content-table.ts';
import type { Digest } from './format/pack-format.ts';
import { ifThere } from './fs/files.ts';
import { readChunks } from './fs/read-chunks.ts';
import type { StoreFile } from './fs/store-fs.ts';
import type { LooseFiles } from './loose/loose-files.ts';
import type { Packs } from './packs/packs.ts';
import { Recent } from './recent.ts';

/** Of so many large contents it is remembered that they are whole: the next part of one costs no look at all of it. */
const maxVerified = 1000;

interface ReaderParts {
  readonly packs: Packs;
  readonly loose: LooseFiles;
  readonly find: (digest: Digest) => Promise<Place | undefined>;
}

type Packed = Extract<Place, { kind: 'packed' }>;

/** Reads contents, and notices those that have changed since they were stored. */
export class ContentReader {
  /** What was read and had another digest. It is stored anew when somebody has it. */
  readonly damaged = new Set<string>();
  readonly #verified = new Recent(maxVerified);
  readonly #parts: ReaderParts;

  constructor(parts: ReaderParts) {
    this.#parts = parts;
  }

  async *read(sha256: string, options: ReadContentOptions): AsyncGenerator<Uint8Array, void, undefined> {
    const digest = digestOf(sha256);
    const place = await this.#parts.find(digest);
    if (!place) throw notFound(sha256);
    if (place.kind === 'loose') {
      yield* this.#readLoose(sha256, options);
      return;
    }
    const { from, to } = rangeOf(options, place.bytes);
    const bytes = await this.#bytesAt(digest, place);
    if (!bytes || !hash('sha256', bytes, 'buffer').equals(digest)) throw this.#damage(sha256);
    if (to > from) yield bytes.subarray(from, to);
  }

  /** Undefined when its pack has not so many bytes, or was taken away. */
  async #bytesAt(digest: Digest, place: Packed): Promise<Buffer | undefined> {
    const { packs, find } = this.#parts;
    const found = await ifThere(packs.read(place.pack, place.offset, place.bytes).then((bytes) => ({ bytes })));
    if (found) return found.bytes;
    // Its pack was removed behind the look; it lies in another one now, or it was removed as well.
    const now = await find(digest);
    if (now?.kind !== 'packed') throw notFound(digest.toString('hex'));
    return now.pack === place.pack ? undefined : this.#bytesAt(digest, now);
  }

  async *#readLoose(sha256: string, options: ReadContentOptions): AsyncGenerator<Uint8Array, void, undefined> {
    const file = await ifThere(this.#parts.loose.open(sha256));
    if (!file) throw notFound(sha256);
    try {
      const size = await file.size();
      const { from, to } = rangeOf(options, size);
      const isWhole = from === 0 && to === size;
      if (!isWhole) await this.#verify(sha256, file, size, options.signal);
      const sum = createHash('sha256');
      let held: Buffer | undefined;
      for await (const chunk of readChunks(file, from, to)) {
        throwIfAborted(options.signal);
        if (isWhole) sum.update(chunk);
        if (held) yield held;
        held = chunk;
      }
      if (isWhole && sum.digest('hex') !== sha256) throw this.#damage(sha256);
      if (held) yield held;
    } finally {
      await file.close();
    }
  }

  async #verify(sha256: string, file: StoreFile, size: number, signal: AbortSignal | undefined): Promise<void> {
    if (this.#verified.has(sha256)) return;
    const sum = createHash('sha256');
    for await (const chunk of readChunks(file, 0, size)) {
      throwIfAborted(signal);
      sum.update(chunk);
    }
    if (sum.digest('hex') !== sha256) throw this.#damage(sha256);
    this.#verified.add(sha256);
  }

  #damage(sha256: string): Error {
    this.damaged.add(sha256);
    this.#verified.delete(sha256);
    return corrupt(sha256);
  }
}
