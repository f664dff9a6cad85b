import type { CallOptions } from '@runtime/contracts';
import type { ArtifactStore, Content } from '@runtime/contracts/artifacts';

/** What is collected. */
export interface CollectOptions extends CallOptions {
  /**
   * True for a content that something still names. Asked for each before anything is removed, and again right before it
   * is removed, as `RemoveOptions` of the port has it.
   */
  readonly isKept: (sha256: string) => boolean;
  /** Says what would be removed, and removes nothing. @default false */
  readonly dryRun?: boolean;
}

/** What a collection removed, or would. */
export interface Collected {
  readonly removed: readonly Content[];
  /** Of all that was removed. */
  readonly removedBytes: number;
  readonly keptBytes: number;
  readonly kept: number;
}

/**
 * Removes the contents that nothing names. What a `put` holds stays, so a content that is stored meanwhile is safe when
 * it is held until `isKept` knows it.
 */
export async function collectGarbage(store: ArtifactStore, options: CollectOptions): Promise<Collected> {
  const { isKept, dryRun = false, signal } = options;
  const call = signal ? { signal } : {};
  const unnamed: Content[] = [];
  let [kept, keptBytes] = [0, 0];
  for await (const content of store.contents(call)) {
    if (!isKept(content.sha256)) {
      unnamed.push(content);
      continue;
    }
    kept += 1;
    keptBytes += content.bytes;
  }
  const digests = unnamed.map(({ sha256 }) => sha256);
  const removed = dryRun || digests.length === 0 ? unnamed : await store.remove(digests, { ...call, isKept });
  const removedBytes = removed.reduce((sum, { bytes }) => sum + bytes, 0);
  return { removed, removedBytes, kept, keptBytes };
}
