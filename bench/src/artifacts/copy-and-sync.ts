import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { secondsSince, type Contender } from '../harness/contender.ts';
import { largeFile } from './input.ts';

const run = promisify(execFile);

/** `cp`, and `sync` of the file that it made. */
export default async function copyAndSync(dir: string): Promise<Contender> {
  return {
    async run({ megabytes = 1 }) {
      const path = await largeFile(dir, megabytes);
      const target = join(dir, 'copy');
      await rm(target, { force: true });
      const start = process.hrtime.bigint();
      await run('cp', ['--reflink=never', path, target]);
      await run('sync', [target]);
      return { put: secondsSince(start) };
    },
  };
}
