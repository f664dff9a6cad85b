import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import type { Contender } from '../harness/contender.ts';
import { splitting } from './measure.ts';

/** Node's own. It cuts at U+2028 as well, which is legal inside JSON: no choice, a measure. */
export default async function readline(): Promise<Contender> {
  return splitting(async (chunks, onLine) => {
    const lines = createInterface({ input: Readable.from(chunks, { objectMode: false }), crlfDelay: Infinity });
    lines.on('line', onLine);
    await once(lines, 'close');
  });
}
