import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../lib/packages.ts';
import { fromTheCode, pages } from './pages.ts';

interface Snippet {
  readonly page: string;
  /** With empty lines before the code, so that its lines have the numbers that they have on the page. */
  readonly module: string;
}

/**
 * What the compiler finds in the blocks of TypeScript on the pages, with page and line. Blocks from the code are
 * compiled there. `<!-- given: ... -->` before a block holds declarations that its reader has to imagine;
 * `<!-- not compiled: <why> -->` leaves a block out.
 */
export function checkSnippets(): string[] {
  const snippets = pages.flatMap((page) => snippetsIn(page, readFileSync(join(root, page), 'utf8')));
  // Below `scripts`, which depends on every package: imports resolve as they do for users.
  const folder = mkdtempSync(join(root, 'scripts/.snippets-'));
  try {
    snippets.forEach(({ module }, index) => writeFileSync(join(folder, `${index}.ts`), module));
    const config = { extends: join(root, 'tsconfig.base.json'), include: ['*.ts'] };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
    const { stdout, status } = spawnSync('pnpm', ['exec', 'tsc', '--pretty', 'false', '-p', folder], {
      cwd: root,
      encoding: 'utf8',
      shell: process.platform === 'win32',
    });
    if (status === 0) return [];
    const place = /^.*?(\d+)\.ts\((\d+),(\d+)\): /gm;
    const named = stdout.replaceAll(place, (_, index, line, column) => {
      return `${snippets[Number(index)]?.page}:${line}:${column}: `;
    });
    return named.trim().split('\n');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export function snippetsIn(page: string, content: string): Snippet[] {
  const blank = (text: string): string => text.replaceAll(/[^\n]/g, '');
  const text = content.replaceAll(fromTheCode, blank);
  const block = /(?:<!-- (given:|not compiled: \S)([\s\S]*?)-->\n+)?```ts\n([\s\S]*?)```/g;
  return [...text.matchAll(block)].flatMap((match) => {
    const [whole, marker, given = '', code = ''] = match;
    if (marker?.startsWith('not compiled')) return [];
    const before = text.slice(0, match.index + whole.indexOf('```ts\n') + '```ts\n'.length);
    return { page, module: `${blank(before)}${code}\n${marker === undefined ? '' : given}\nexport {};\n` };
  });
}
