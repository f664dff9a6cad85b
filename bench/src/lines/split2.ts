import { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import split from 'split2';
import type { Contender } from '../harness/contender.ts';
import { splitting } from './measure.ts';

/** The usual stream. */
export default async function split2(): Promise<Contender> {
  return splitting(async (chunks, onLine) => {
    const lines = Readable.from(chunks, { objectMode: false }).pipe(split());
    lines.on('data', onLine);
    await finished(lines);
  });
}
