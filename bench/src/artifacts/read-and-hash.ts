import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { secondsSince, type Contender } from '../harness/contender.ts';
import { largeFile, megabyte } from './input.ts';

/** Reads a file and hashes it, one after the other: whatever else a store does has to fit in beside it. */
export default async function readAndHash(dir: string): Promise<Contender> {
  return {
    async run({ megabytes = 1 }) {
      const path = await largeFile(dir, megabytes);
      const start = process.hrtime.bigint();
      const file = await open(path);
      const sum = createHash('sha256');
      const buffer = Buffer.allocUnsafe(megabyte);
      for (let at = 0; ;) {
        const { bytesRead } = await file.read(buffer, 0, megabyte, at);
        if (bytesRead === 0) break;
        sum.update(buffer.subarray(0, bytesRead));
        at += bytesRead;
      }
      await file.close();
      sum.digest();
      return { put: secondsSince(start) };
    },
  };
}
