import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { NotThere, secondsSince, type Contender } from '../harness/contender.ts';
import { eachOf, largeFile, smallContents } from './input.ts';

/** npm's content-addressed cache. It syncs nothing. */
export default async function cacache(parent: string): Promise<Contender> {
  const { default: cache } = await import('cacache').catch(() => {
    throw new NotThere('cacache is not installed');
  });
  const options: { algorithms: [string] } = { algorithms: ['sha256'] };
  return {
    async run({ megabytes = 0, count = 0, bytes = 4096, atOnce = 1000 }) {
      const dir = join(parent, 'cache');
      await rm(dir, { recursive: true, force: true });
      if (megabytes > 0) {
        const path = await largeFile(parent, megabytes);
        const start = process.hrtime.bigint();
        await pipeline(createReadStream(path, { highWaterMark: 256 * 1024 }), cache.put.stream(dir, 'large', options));
        const put = secondsSince(start);
        const reading = process.hrtime.bigint();
        for await (const _ of cache.get.stream(dir, 'large'));
        return { put, get: secondsSince(reading) };
      }
      const contents = smallContents(count, bytes);
      const integrities: string[] = [];
      const start = process.hrtime.bigint();
      let number = 0;
      await eachOf(contents, Math.min(atOnce, 64), async (content) => {
        integrities.push(await cache.put(dir, String(number++), content, options));
      });
      const put = secondsSince(start);
      const reading = process.hrtime.bigint();
      await eachOf(integrities, 16, async (integrity) => void (await cache.get.byDigest(dir, integrity)));
      return { put, get: secondsSince(reading) };
    },
  };
}
