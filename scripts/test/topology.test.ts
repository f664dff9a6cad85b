import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { manifestIn, packages, root } from '../lib/packages.ts';

/** What a package may need at run time, of ours. Arrows point down only; adapters never see one another. */
const graph: Readonly<Record<string, readonly string[]>> = {
  contracts: [],
  'event-log': ['contracts'],
  'adapter-kit': ['contracts'],
  'adapter-local': ['adapter-kit', 'contracts'],
  'adapter-pi': ['adapter-kit', 'contracts'],
  'adapter-tmux': ['adapter-kit', 'contracts'],
  conformance: ['adapter-kit', 'contracts'],
  'control-plane': ['adapter-kit', 'contracts', 'event-log'],
  cli: ['adapter-kit', 'adapter-local', 'adapter-pi', 'adapter-tmux', 'contracts', 'control-plane', 'event-log'],
};

const ours = (names: readonly string[]): string[] =>
  [...new Set(names.filter((name) => name.startsWith('@runtime/')).map((name) => name.split('/')[1] ?? ''))].sort();

function sourcesOf(name: string): { readonly path: string; readonly text: string }[] {
  return readdirSync(join(root, 'packages', name, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => ({ path, text: readFileSync(join(root, 'packages', name, 'src', path), 'utf8') }));
}

/** What the sources import from outside of their package, types included: those have to be resolved as well. */
function importsOf(name: string): string[] {
  const statement =
    /(?:^(?:import|export)\b[^'\n]*|^\} )from '([^'\n]+)'|^import '([^'\n]+)'|\bimport\('([^'\n]+)'\)/gm;
  return sourcesOf(name)
    .flatMap(({ text }) => [...text.matchAll(statement)].map((match) => match[1] ?? match[2] ?? match[3] ?? ''))
    .filter((specifier) => !specifier.startsWith('.'));
}

describe('the package graph', () => {
  it('has these packages and no others', () => {
    expect(packages).toEqual(Object.keys(graph).sort());
  });

  it.each(Object.entries(graph))('lets %s need %j', (name, needs) => {
    const { dependencies, peerDependencies } = manifestIn(`packages/${name}`);
    expect(ours([...Object.keys(dependencies), ...Object.keys(peerDependencies)])).toEqual([...needs].sort());
  });

  it.each(Object.keys(graph))('finds in the sources of %s nothing that it does not declare', (name) => {
    const { dependencies, peerDependencies } = manifestIn(`packages/${name}`);
    const declared = new Set([...Object.keys(dependencies), ...Object.keys(peerDependencies)]);
    const missing = importsOf(name)
      .filter((specifier) => !specifier.startsWith('node:'))
      .map((specifier) =>
        specifier.startsWith('@') ? specifier.split('/').slice(0, 2).join('/') : (specifier.split('/')[0] ?? ''),
      )
      .filter((imported) => !declared.has(imported));
    expect(missing).toEqual([]);
  });

  it('keeps Node out of the contracts, so that they can be used anywhere', () => {
    expect(importsOf('contracts').filter((specifier) => specifier !== 'zod')).toEqual([]);
  });
});
