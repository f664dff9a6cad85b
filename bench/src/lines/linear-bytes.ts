import type { Contender } from '../harness/contender.ts';
import { splitting } from './measure.ts';

/**
 * The plain linear splitter over bytes: a line is decoded where it lies; only one that spans chunks is put together
 * first.
 */
export default async function linearBytes(): Promise<Contender> {
  return splitting((chunks, onLine) => {
    let parts: Buffer[] = [];
    for (const chunk of chunks) {
      let from = 0;
      for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, from)) {
        if (parts.length === 0) onLine(chunk.toString('utf8', from, at));
        else {
          parts.push(chunk.subarray(from, at));
          onLine(Buffer.concat(parts).toString('utf8'));
          parts = [];
        }
        from = at + 1;
      }
      if (from < chunk.length) parts.push(chunk.subarray(from));
    }
  });
}
