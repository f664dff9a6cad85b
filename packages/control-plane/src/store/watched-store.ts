import type { ArtifactStore, Content, ContentSource, HeldContent, PutOptions } from '@runtime/contracts/artifacts';

/**
 * The store as the plane has it: for as long as somebody collects garbage it notes what is put, which the log names
 * before its holder lets go of it, and after the log was read.
 */
export class WatchedStore implements ArtifactStore {
  readonly #store: ArtifactStore;
  readonly #watches = new Set<Set<string>>();

  constructor(store: ArtifactStore) {
    this.#store = store;
  }

  /** What is put from now on, by its digest. Dispose of it. */
  watch(): Disposable & { has(sha256: string): boolean } {
    const seen = new Set<string>();
    this.#watches.add(seen);
    return {
      has: (sha256) => seen.has(sha256),
      [Symbol.dispose]: () => void this.#watches.delete(seen),
    };
  }

  async put(source: ContentSource, options?: PutOptions): Promise<HeldContent> {
    const held = await this.#store.put(source, options);
    for (const seen of this.#watches) seen.add(held.sha256);
    return held;
  }

  stat(...call: Parameters<ArtifactStore['stat']>): Promise<Content | undefined> {
    return this.#store.stat(...call);
  }

  read(...call: Parameters<ArtifactStore['read']>): AsyncIterable<Uint8Array> {
    return this.#store.read(...call);
  }

  contents(...call: Parameters<ArtifactStore['contents']>): AsyncIterable<Content> {
    return this.#store.contents(...call);
  }

  remove(...call: Parameters<ArtifactStore['remove']>): Promise<readonly Content[]> {
    return this.#store.remove(...call);
  }

  close(): Promise<void> {
    return this.#store.close();
  }
}
