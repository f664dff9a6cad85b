import type { ArtifactStore } from '@runtime/contracts/artifacts';

/** A store that is opened when somebody needs it: most tasks of most planes keep nothing, and pay nothing. */
export class LazyStore<Store extends ArtifactStore> {
  readonly #open: () => Promise<Store>;
  #opening: Promise<Store> | undefined;

  constructor(open: () => Promise<Store>) {
    this.#open = open;
  }

  /** Tries again after a failure. */
  readonly get = (): Promise<Store> => {
    this.#opening ??= this.#open().catch((error: unknown) => {
      this.#opening = undefined;
      throw error;
    });
    return this.#opening;
  };

  /** Waits for what is under way. */
  async close(): Promise<void> {
    const store = await this.#opening?.catch(() => undefined);
    await store?.close();
  }
}

/**
 * The store of a data directory. Loaded with the first use: looking for files costs more code than all the rest of a
 * plane that looks for none.
 */
export async function openStore(dir: string, options: { readonly readOnly: boolean }): Promise<ArtifactStore> {
  const { openArtifactStore } = await import('@runtime/artifacts');
  return openArtifactStore({ dir, ...options });
}
