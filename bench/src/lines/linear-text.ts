import { StringDecoder } from 'node:string_decoder';
import type { Contender } from '../harness/contender.ts';
import { splitting } from './measure.ts';

/** The plain linear splitter: decode, search the new part only, keep the parts of an unfinished line in an array. */
export default async function linearText(): Promise<Contender> {
  return splitting((chunks, onLine) => {
    const decoder = new StringDecoder('utf8');
    let parts: string[] = [];
    for (const chunk of chunks) {
      const text = decoder.write(chunk);
      let from = 0;
      for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', from)) {
        const end = text.slice(from, at);
        if (parts.length === 0) onLine(end);
        else {
          parts.push(end);
          onLine(parts.join(''));
          parts = [];
        }
        from = at + 1;
      }
      if (from < text.length) parts.push(text.slice(from));
    }
  });
}
