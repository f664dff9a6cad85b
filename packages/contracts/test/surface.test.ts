import { readdir, readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import * as adapter from '../src/adapter/index.ts';
import * as base from '../src/base/index.ts';
import * as fold from '../src/fold/index.ts';
import * as host from '../src/index.ts';
import * as log from '../src/log/index.ts';

describe('the package', () => {
  it('has these entries', async () => {
    const manifest: unknown = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8'));
    expect(manifest).toHaveProperty('exports');
    expect(Object.keys((manifest as { exports: object }).exports)).toEqual([
      '.',
      './base',
      './adapter',
      './artifacts',
      './log',
      './fold',
      './package.json',
    ]);
  });

  it('has each value in one entry alone', () => {
    const names = [host, adapter, log, fold].flatMap((entry) => Object.keys(entry));
    expect(names.length).toBeGreaterThan(60);
    expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([]);
  });

  it('has nothing in ./base that hosts do not have from the main entry', () => {
    expect(Object.keys(base).length).toBeGreaterThan(5);
    expect({ ...host, ...base }).toEqual({ ...host });
  });

  it('imports zod and its own files, and nothing of Node', async () => {
    const root = new URL('../src/', import.meta.url);
    const files = (await readdir(root, { recursive: true })).filter((name) => name.endsWith('.ts'));
    expect(files.length).toBeGreaterThan(20);
    for (const file of files) {
      const source = await readFile(new URL(file, root), 'utf8');
      const imported = [...source.matchAll(/^(?:import|export|\}) .*from '([^']+)'/gm)].map(([, name]) => name ?? '');
      for (const name of imported) expect(name, file).toMatch(/^(zod|\.{1,2}\/[\w./-]+\.ts)$/);
    }
  });

  it('names events as nouns with participles, and increments as deltas', () => {
    const types = Object.keys({
      ...host.taskEventSchemas,
      ...host.planeEventSchemas,
      ...host.runtimeEventSchemas,
    });
    for (const type of types) expect(type).toMatch(/^[a-z]+\.(delta|[a-zA-Z]+(ed|ing|wn|nown|tten)|gap)$/);
    expect([...adapter.deltaTypes]).toEqual(types.filter((type) => type.endsWith('.delta')).toSorted(byAppearance));
  });
});

const order = ['text.delta', 'reasoning.delta', 'output.delta', 'tool.delta'];
const byAppearance = (a: string, b: string): number => order.indexOf(a) - order.indexOf(b);
