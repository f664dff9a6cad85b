import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { root } from '../lib/packages.ts';

const region = /^ *\/\/ #region (.+)\n([\s\S]*?)^ *\/\/ #endregion.*$/gm;

/** What stands between `// #region <name>` and `// #endregion` in the examples, as a block of a page, by name. */
export function regions(): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  const examples = join(root, 'examples');
  const files = readdirSync(examples, { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.m?ts$/.test(path) && !path.includes('node_modules'))
    .sort();
  for (const path of files) {
    for (const [, name = '', code = ''] of readFileSync(join(examples, path), 'utf8').matchAll(region)) {
      if (found.has(name)) throw new Error(`Two examples have a region "${name}"; the second is examples/${path}.`);
      found.set(name, `\`\`\`${extname(path).slice(-2)}\n${dedent(code)}\n\`\`\``);
    }
  }
  return found;
}

function dedent(code: string): string {
  const lines = code.trimEnd().split('\n');
  const indents = lines.filter((line) => line.trim() !== '').map((line) => line.search(/\S/));
  const indent = Math.min(...indents);
  return lines
    .map((line) => line.slice(indent))
    .join('\n')
    .trim();
}
