import { createHash } from 'node:crypto';
import type { Digest } from '../format/pack-format.ts';
import { ifThere, listIfThere, writeFully } from '../fs/files.ts';
import { chunkBytes } from '../fs/read-chunks.ts';
import type { StoreFile, StoreFs } from '../fs/store-fs.ts';
import { isLooseName, isShard, type Paths } from '../format/paths.ts';
import { blocksOf } from './blocks.ts';

/** A content that is written, and has no name yet. */
export interface Unfinished {
  readonly path: string;
  readonly digest: Digest;
  readonly bytes: number;
}

/** The large contents: each is a file whose name is its digest, and holds nothing else. */
export class LooseFiles {
  readonly #fs: StoreFs;
  readonly #paths: Paths;
  readonly #shards = new Set<string>();

  constructor(fs: StoreFs, paths: Paths) {
    this.#fs = fs;
    this.#paths = paths;
  }

  /** The digests of all files, in hex. */
  async *find(): AsyncGenerator<string, void, undefined> {
    for (const shard of (await listIfThere(this.#fs, this.#paths.loose)).filter(isShard)) {
      this.#shards.add(this.#paths.shardOf(shard));
      const names = await listIfThere(this.#fs, this.#paths.shardOf(shard));
      for (const name of names) if (isLooseName(name)) yield `${shard}${name}`;
    }
  }

  /** Writes and syncs the chunks. Removes what it wrote where it rejects. */
  async write(chunks: AsyncIterable<Uint8Array>): Promise<Unfinished> {
    const path = this.#paths.unfinishedFile();
    const file = await this.#fs.open(path, 'create');
    try {
      const sha256 = createHash('sha256');
      let bytes = 0;
      for await (const block of blocksOf(chunks, chunkBytes)) {
        // Beside each other: the write is in another thread. Both are done before the source uses its buffer again.
        const writing = writeFully(file, block, bytes);
        sha256.update(block);
        await writing;
        bytes += block.byteLength;
      }
      await file.sync();
      await file.close();
      return { path, digest: sha256.digest(), bytes };
    } catch (error) {
      await file.close().catch(() => undefined);
      await this.discard(path);
      throw error;
    }
  }

  /** Gives it its name, durably. */
  async commit({ path, digest }: Unfinished): Promise<void> {
    const sha256 = digest.toString('hex');
    const shard = this.#paths.shardOf(sha256);
    if (!this.#shards.has(shard)) {
      await this.#fs.makeDir(shard);
      await this.#fs.syncDir(this.#paths.loose);
      this.#shards.add(shard);
    }
    await this.#fs.rename(path, this.#paths.looseOf(sha256));
    await this.#fs.syncDir(shard);
  }

  async discard(path: string): Promise<void> {
    // What is left is removed by the next opening.
    await this.#fs.remove(path).catch(() => undefined);
  }

  open(sha256: string): Promise<StoreFile> {
    return this.#fs.open(this.#paths.looseOf(sha256), 'read');
  }

  /** Durable when it resolves. */
  async remove(sha256: string): Promise<void> {
    await ifThere(this.#fs.remove(this.#paths.looseOf(sha256)));
    await this.#fs.syncDir(this.#paths.shardOf(sha256));
  }
}
