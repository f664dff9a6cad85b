import { LineSplitter } from '@runtime/adapter-kit/source';
import type { Contender } from '../harness/contender.ts';
import { splitting } from './measure.ts';

/** Our splitter, with room for the longest line that is measured. */
export default async function ours(): Promise<Contender> {
  return splitting((chunks, onLine) => {
    const splitter = new LineSplitter({ maxLineBytes: 64 * 1024 * 1024 });
    for (const chunk of chunks) {
      for (const line of splitter.push(chunk)) if (line.kind === 'line') onLine(line.bytes.toString('utf8'));
    }
  });
}
