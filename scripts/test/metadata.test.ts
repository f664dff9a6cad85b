import { describe, expect, it } from 'vitest';
import { manifestIn, packages } from '../lib/packages.ts';

const repository = manifestIn('.').repository;
/** Every address below is derived from `repository` in the root's package.json. */
const place = (repository?.url ?? '').replace(/^git\+(.*)\.git$/, '$1');

describe.each(packages)('the package.json of %s', (name) => {
  const manifest = manifestIn(`packages/${name}`);

  it('leads to the repository, the page and the tracker', () => {
    expect(manifest.repository).toEqual({ ...repository, directory: `packages/${name}` });
    expect(manifest.homepage).toBe(`${place}/tree/main/packages/${name}#readme`);
    expect(manifest.bugs).toEqual({ url: `${place}/issues` });
  });

  it('can be found and judged in a registry', () => {
    expect(manifest.name).toBe(`@runtime/${name}`);
    expect(manifest.description).toMatch(/^[A-Z`].*\.$/);
    expect(manifest.keywords).toEqual(expect.arrayContaining(['agent', 'agent-runtime']));
    expect(manifest.keywords.length).toBeGreaterThan(3);
    expect(manifest.license).toBe('MIT');
    expect(manifest.engines).toEqual(manifestIn('.').engines);
  });

  it('has the scripts that turbo runs', () => {
    expect(manifest.scripts).toEqual({
      build: 'tsup && tsc -p tsconfig.build.json',
      test: `vitest run --root ../.. packages/${name}/`,
      'check:package': 'node ../../scripts/check-package.ts',
    });
  });

  it('publishes what the workspace exports, itself included, without the condition for sources', () => {
    expect(manifest.exports['./package.json']).toBe('./package.json');
    const published = Object.entries(manifest.exports).map(([path, entry]) => {
      if (typeof entry === 'string') return [path, entry];
      return [path, Object.fromEntries(Object.entries(entry).filter(([condition]) => condition !== '@runtime/source'))];
    });
    expect(manifest.publishConfig).toEqual({ access: 'public', exports: Object.fromEntries(published) });
  });
});

it('lets the scripts use every package, and the root none: all tasks would depend on what the root depends on', () => {
  const ours = (folder: string): string[] =>
    Object.keys(manifestIn(folder).devDependencies).filter((name) => name.startsWith('@runtime/'));
  expect(ours('scripts')).toEqual(packages.map((name) => `@runtime/${name}`));
  expect(ours('.')).toEqual([]);
});
