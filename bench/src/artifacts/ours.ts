import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { openArtifactStore } from '@runtime/artifacts';
import { nodeFs, type StoreFs } from '@runtime/artifacts/testing';
import { secondsSince, type Contender } from '../harness/contender.ts';
import { eachOf, largeFile, megabyte, smallContents } from './input.ts';

/** The same disk, on which nothing is waited for. */
function unsynced(): StoreFs {
  const fs = nodeFs();
  return {
    ...fs,
    open: async (path, mode) => ({ ...(await fs.open(path, mode)), sync: async () => undefined }),
    syncDir: async () => undefined,
  };
}

/** Our store. `megabytes`: one large content; `count`: many small ones, stored and then read. */
export default async function ours(parent: string): Promise<Contender> {
  return {
    async run({ megabytes = 0, durable = 1, count = 0, bytes = 4096, atOnce = 1000 }) {
      const dir = join(parent, 'store');
      await rm(dir, { recursive: true, force: true });
      const store = await openArtifactStore({ dir, ...(durable ? {} : { fs: unsynced() }) });
      try {
        if (megabytes > 0) {
          const path = await largeFile(parent, megabytes);
          const before = process.memoryUsage.rss();
          const start = process.hrtime.bigint();
          using held = await store.put(createReadStream(path, { highWaterMark: 256 * 1024 }));
          const put = secondsSince(start);
          const grown = (process.memoryUsage.rss() - before) / megabyte;
          const reading = process.hrtime.bigint();
          for await (const _ of store.read(held.sha256));
          return { put, get: secondsSince(reading), grown };
        }
        const contents = smallContents(count, bytes);
        const digests: string[] = [];
        const start = process.hrtime.bigint();
        await eachOf(contents, atOnce, async (content) => {
          using held = await store.put(content);
          digests.push(held.sha256);
        });
        const put = secondsSince(start);
        const reading = process.hrtime.bigint();
        await eachOf(digests, 16, async (sha256) => {
          for await (const _ of store.read(sha256));
        });
        return { put, get: secondsSince(reading) };
      } finally {
        await store.close();
      }
    },
  };
}
