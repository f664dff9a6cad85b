import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { errorCodeSchema } from '@runtime/contracts';
import { describe, expect, it } from 'vitest';
import { checkBlocks } from '../docs/blocks.ts';

const root = resolve(import.meta.dirname, '../..');

const pages = [
  'README.md',
  'CONTRIBUTING.md',
  'AGENTS.md',
  'REVIEW.md',
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name)),
  ...readdirSync(join(root, 'packages')).map((name) => join('packages', name, 'README.md')),
];

/** The first release raises the version of every package. */
function isPublished(name: string): boolean {
  const manifest: unknown = JSON.parse(readFileSync(join(root, 'packages', name, 'package.json'), 'utf8'));
  return typeof manifest === 'object' && manifest !== null && 'version' in manifest && manifest.version !== '0.0.0';
}

describe('the documents', () => {
  it('say what the code says: the examples, the event tables', () => {
    expect(checkBlocks()).toEqual([]);
  });

  it('have a heading for every error code', () => {
    const page = readFileSync(join(root, 'docs/errors.md'), 'utf8');
    expect(errorCodeSchema.options.filter((code) => !page.includes(`\n## ${code}\n`))).toEqual([]);
  });

  it.each(pages)('%s installs no package from npm that is not there', (page) => {
    const text = readFileSync(join(root, page), 'utf8');
    const installing =
      text.match(/^.*\b(?:npm (?:i|install|exec)|npx|pnpm (?:add|dlx)|yarn add)\b.*@runtime\/.*$/gm) ?? [];
    const unpublished = installing.filter((line) =>
      [...line.matchAll(/@runtime\/([a-z-]+)/g)].some(([, name = '']) => !isPublished(name)),
    );
    expect(unpublished).toEqual([]);
  });

  it.each(pages)('%s leads nowhere that is not there', (page) => {
    const text = readFileSync(join(root, page), 'utf8').replaceAll(/```[\s\S]*?```/g, '');
    const links = [...text.matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)].map((match) => match[1] ?? '');
    const broken = links.filter((link) => !/^[a-z]+:/.test(link) && !existsSync(join(root, dirname(page), link)));
    expect(broken).toEqual([]);
  });
});
