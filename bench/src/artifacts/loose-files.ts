import { createHash } from 'node:crypto';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { secondsSince, type Contender } from '../harness/contender.ts';
import { eachOf, smallContents } from './input.ts';

/** A file for each content, synced and renamed to its digest, as one would write it by hand. */
export default async function looseFiles(parent: string): Promise<Contender> {
  return {
    async run({ count = 1, bytes = 4096, atOnce = 1000 }) {
      const dir = join(parent, 'files');
      await rm(dir, { recursive: true, force: true });
      await mkdir(dir);
      const contents = smallContents(count, bytes);
      const digests: string[] = [];
      const start = process.hrtime.bigint();
      await eachOf(contents, Math.min(atOnce, 64), async (content) => {
        const sha256 = createHash('sha256').update(content).digest('hex');
        const temporary = join(dir, `.${sha256}`);
        const file = await open(temporary, 'wx');
        await file.write(content);
        await file.datasync();
        await file.close();
        await rename(temporary, join(dir, sha256));
        digests.push(sha256);
      });
      const put = secondsSince(start);
      const reading = process.hrtime.bigint();
      await eachOf(digests, 16, async (sha256) => {
        const found = createHash('sha256')
          .update(await readFile(join(dir, sha256)))
          .digest('hex');
        if (found !== sha256) throw new Error('the content has changed');
      });
      return { put, get: secondsSince(reading) };
    },
  };
}
