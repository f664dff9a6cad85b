import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../lib/packages.ts';
import { fromTheCode, pages } from './pages.ts';
import { regions } from './regions.ts';
import { tables } from './tables.ts';

/** What is wrong with the blocks that come from the code. `write` makes the pages right where that can be done. */
export function checkBlocks({ write = false } = {}): string[] {
  const problems: string[] = [];
  const examples = regions();
  for (const page of pages) {
    const before = readFileSync(join(root, page), 'utf8');
    const after = before.replaceAll(fromTheCode, (block, name: string, content: string, end: string) => {
      const right = tables[name]?.() ?? examples.get(name);
      if (name !== end) problems.push(`${page}: the block "${name}" ends with "${end}".`);
      else if (right === undefined) problems.push(`${page}: no example has a region "${name}".`);
      else if (content !== `${right}\n` && !write)
        problems.push(`${page}: the block "${name}" is not what the code says.`);
      return right === undefined ? block : block.replace(content, () => `${right}\n`);
    });
    const opened = before.match(/^<!-- from the code: /gm)?.length ?? 0;
    const closed = before.match(fromTheCode)?.length ?? 0;
    if (opened !== closed) problems.push(`${page}: a block "from the code" has no end.`);
    if (write && after !== before) writeFileSync(join(root, page), after);
  }
  return problems;
}
