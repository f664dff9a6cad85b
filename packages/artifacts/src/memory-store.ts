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
import { chunksOf, closed, digestOf, notFound, rangeOf, SourceFailure } from './arguments.ts';
import { Holds } from './holds.ts';
import { splitSmall } from './split-small.ts';

/**
 * A store in memory that lasts as long as the object, for tests and for a plane that need not remember. It behaves like
 * a store in files and passes the same suite; each content is in memory whole.
 */
export function memoryArtifactStore(): ArtifactStore {
  return new MemoryStore();
}

class MemoryStore implements ArtifactStore {
  readonly #contents = new Map<string, Buffer>();
  readonly #holds = new Holds();
  #closed = false;

  async put(source: ContentSource, options: PutOptions = {}): Promise<HeldContent> {
    this.#assertOpen();
    const chunks = chunksOf(source, options);
    try {
      const taken = await splitSmall(chunks, Infinity);
      const bytes = 'small' in taken ? taken.small : Buffer.alloc(0);
      const sha256 = hash('sha256', bytes);
      if (!this.#contents.has(sha256)) this.#contents.set(sha256, bytes);
      return this.#holds.hold(sha256, bytes.length);
    } catch (error) {
      throw error instanceof SourceFailure ? error.cause : error;
    } finally {
      await chunks.return();
    }
  }

  async stat(sha256: string, { signal }: CallOptions = {}): Promise<Content | undefined> {
    this.#assertOpen();
    throwIfAborted(signal);
    digestOf(sha256);
    const bytes = this.#contents.get(sha256);
    return bytes && { sha256, bytes: bytes.length };
  }

  async *read(sha256: string, options: ReadContentOptions = {}): AsyncGenerator<Uint8Array, void, undefined> {
    this.#assertOpen();
    throwIfAborted(options.signal);
    digestOf(sha256);
    const bytes = this.#contents.get(sha256);
    if (!bytes) throw notFound(sha256);
    const { from, to } = rangeOf(options, bytes.length);
    if (to > from) yield Buffer.from(bytes.subarray(from, to));
  }

  async *contents({ signal }: CallOptions = {}): AsyncGenerator<Content, void, undefined> {
    this.#assertOpen();
    for (const [sha256, bytes] of Array.from(this.#contents)) {
      throwIfAborted(signal);
      if (this.#contents.has(sha256)) yield { sha256, bytes: bytes.length };
    }
  }

  async remove(digests: readonly string[], options: RemoveOptions = {}): Promise<Content[]> {
    const { signal, isKept = () => false } = options;
    this.#assertOpen();
    throwIfAborted(signal);
    const removed: Content[] = [];
    for (const sha256 of digests) {
      digestOf(sha256);
      const bytes = this.#contents.get(sha256);
      if (!bytes || this.#holds.has(sha256) || isKept(sha256)) continue;
      this.#contents.delete(sha256);
      removed.push({ sha256, bytes: bytes.length });
    }
    return removed;
  }

  async close(): Promise<void> {
    this.#closed = true;
  }

  #assertOpen(): void {
    if (this.#closed) throw closed();
  }
}
