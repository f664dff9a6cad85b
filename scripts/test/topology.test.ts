import { describe, expect, it } from 'vitest';
import { circlesIn, graphOf, importsOf, roomsOf } from '../lib/imports.ts';
import { manifestIn, packages } from '../lib/packages.ts';
import { rooms } from './rooms.ts';

/** What a package may need at run time, of ours. Arrows point down only; adapters never see one another. */
const graph: Readonly<Record<string, readonly string[]>> = {
  contracts: [],
  'event-log': ['contracts'],
  artifacts: ['contracts'],
  'adapter-kit': ['contracts'],
  worktrees: ['adapter-kit', 'contracts'],
  'adapter-local': ['adapter-kit', 'contracts'],
  'adapter-pi': ['adapter-kit', 'contracts'],
  'adapter-tmux': ['adapter-kit', 'contracts'],
  adapters: ['adapter-kit', 'adapter-local', 'adapter-pi', 'adapter-tmux', 'contracts'],
  conformance: ['adapter-kit', 'contracts'],
  'control-plane': ['adapter-kit', 'artifacts', 'contracts', 'event-log', 'worktrees'],
  cli: ['adapter-kit', 'adapter-pi', 'adapters', 'artifacts', 'contracts', 'control-plane', 'event-log', 'worktrees'],
};

const ours = (names: readonly string[]): string[] =>
  [...new Set(names.filter((name) => name.startsWith('@runtime/')).map((name) => name.split('/')[1] ?? ''))].sort();

/** What the sources import from outside of their package, types included: those have to be resolved as well. */
const outsideOf = (name: string): string[] =>
  [...importsOf(name).values()].flat().filter((specifier) => !specifier.startsWith('.'));

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
    const missing = outsideOf(name)
      .filter((specifier) => !specifier.startsWith('node:'))
      .map((specifier) =>
        specifier.startsWith('@') ? specifier.split('/').slice(0, 2).join('/') : (specifier.split('/')[0] ?? ''),
      )
      .filter((imported) => !declared.has(imported));
    expect(missing).toEqual([]);
  });

  it('keeps Node out of the contracts, so that they can be used anywhere', () => {
    expect(outsideOf('contracts').filter((specifier) => specifier !== 'zod')).toEqual([]);
  });
});

describe('the inside of a package', () => {
  it('is searched for circles of any length, once each', () => {
    const graph = { a: ['b'], b: ['c', 'd'], c: ['a'], d: [], e: ['e', 'a'] };
    expect(circlesIn(new Map(Object.entries(graph)))).toEqual([['a', 'b', 'c'], ['e']]);
  });

  it.each(packages)('has no circle of imports in %s, by value or by type', (name) => {
    expect(circlesIn(graphOf(name))).toEqual([]);
  });

  it.each(packages)('has in %s the rooms of the table, and between them its arrows', (name) => {
    const right = `  ${literal(name, roomsOf(name))}`;
    expect(roomsOf(name), `scripts/test/rooms.ts would be right with:\n\n${right}\n`).toEqual(rooms[name] ?? {});
  });
});

/** As oxfmt would have it but for long lines. */
function literal(name: string, found: Readonly<Record<string, readonly string[]>>): string {
  const key = (text: string): string => (/^\w+$/.test(text) ? text : `'${text}'`);
  const rows = Object.entries(found).map(([room, arrows]) => {
    const targets = arrows.map((arrow) => `'${arrow}'`).join(', ');
    return `    ${key(room)}: [${targets}],`;
  });
  return [`${key(name)}: {`, ...rows, '  },'].join('\n');
}
