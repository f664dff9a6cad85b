import type { FileHandle } from 'node:fs/promises';
import type { Root } from '@openclaw/fs-safe/root';
import type { ArtifactStore, HeldContent } from '@runtime/contracts/artifacts';
import { readChunks } from '../fs/read-chunks.ts';

/** A file that is being written is read so often. */
const attempts = 3;

/** Stores a file as it was at one moment. Undefined when it changed each time that it was read. */
export async function readWhole(
  store: ArtifactStore,
  root: Root,
  name: string,
  options: { readonly maxBytes: number; readonly signal?: AbortSignal },
): Promise<HeldContent | undefined> {
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const { handle } = await root.open(name);
    try {
      const before = await versionOf(handle);
      const file = {
        read: async (into: Uint8Array, position: number) =>
          (await handle.read(into, 0, into.byteLength, position)).bytesRead,
      };
      // A byte more than it has: one that grows as fast as it is read would have no end.
      const content = await store.put(readChunks(file, 0, before.size + 1), options);
      const after = await versionOf(handle);
      if (content.bytes === before.size && after.size === before.size && after.changed === before.changed)
        return content;
      content[Symbol.dispose]();
    } finally {
      await handle.close();
    }
  }
  return undefined;
}

async function versionOf(handle: FileHandle): Promise<{ readonly size: number; readonly changed: bigint }> {
  const { size, mtimeNs } = await handle.stat({ bigint: true });
  return { size: Number(size), changed: mtimeNs };
}
