import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { packages, root } from '../lib/packages.ts';

/** The pages that are held to the code, relative to the repository. */
export const pages: readonly string[] = [
  'README.md',
  ...packages.map((name) => `packages/${name}/README.md`),
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.md'))
    .sort()
    .map((path) => `docs/${path}`),
];

/** The comments around what comes from the code: `<!-- from the code: <name> -->` and `<!-- end: <name> -->`. */
export const fromTheCode = /^<!-- from the code: (.+) -->\n([\s\S]*?)^<!-- end: (.+) -->/gm;
