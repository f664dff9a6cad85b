import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { memoryRuntime } from '@runtime/conformance/memory-runtime';
import { expect, it } from 'vitest';
import { makePlaces, openPlane } from '../support/planes.ts';

const run = promisify(execFile);
const packages = join(import.meta.dirname, '../../..');
const require = createRequire(import.meta.url);

/** A program that records the urls of all modules it loads, those of Node included. */
const recording = `
import { registerHooks } from 'node:module';
const loaded = new Set();
registerHooks({
  resolve(specifier, context, next) {
    const found = next(specifier, context);
    loaded.add(found.url);
    return found;
  },
});
`;

/** A program in this directory. Resolves with the JSON that it prints. */
async function resultOf(program: string, cwd: string, ...flags: readonly string[]): Promise<unknown> {
  const evaluated = [...flags, '--input-type=module', '--eval', `${recording}${program}`];
  return JSON.parse((await run(process.execPath, evaluated, { cwd })).stdout);
}

/** The packages as they are shipped, built from these sources, with what they find beside themselves. */
async function install(root: string, names: readonly string[], foreign: readonly string[]): Promise<void> {
  const tsup = require.resolve('tsup/dist/cli-default.js', { paths: [join(packages, '..')] });
  for (const name of names) {
    const target = join(root, 'node_modules/@runtime', name);
    await mkdir(target, { recursive: true });
    await cp(join(packages, name, 'package.json'), join(target, 'package.json'));
    await run(process.execPath, [tsup, '--out-dir', join(target, 'dist'), '--silent'], { cwd: join(packages, name) });
  }
  for (const name of foreign) {
    const manifest = require.resolve(`${name}/package.json`, { paths: [join(packages, 'control-plane')] });
    await symlink(dirname(manifest), join(root, 'node_modules', name));
  }
}

it('the client entry, as it is built, loads no schemas, no log, no adapter kit and no database', async () => {
  const root = await mkdtemp(join(tmpdir(), 'light-'));
  try {
    // What is not here cannot be loaded.
    await install(root, ['contracts', 'control-plane'], ['zod', 'eventemitter3']);
    const program = `
      const { connectControlPlane, ...rest } = await import('@runtime/control-plane/client');
      const sqlite = process.moduleLoadList.includes('NativeModule sqlite');
      console.log(JSON.stringify({ kind: typeof connectControlPlane, rest: Object.keys(rest), sqlite, loaded: [...loaded] }));
    `;
    const found = await resultOf(program, root);
    expect(found).toMatchObject({ kind: 'function', rest: [], sqlite: false });
    const { loaded } = found as { readonly loaded: readonly string[] };
    const folder = /node_modules\/((?:@[^/]+\/)?[^/]+)\/(?!.*node_modules\/)/;
    const names = loaded.filter((url) => url.startsWith('file:')).map((url) => folder.exec(url)?.[1] ?? url);
    expect(new Set(names)).toEqual(new Set(['@runtime/contracts', '@runtime/control-plane', 'eventemitter3']));
    const built = loaded.filter((url) => url.startsWith('node:')).sort();
    expect(built).toEqual(['node:fs/promises', 'node:path', 'node:timers/promises']);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
});

it('a client that has connected and asked has loaded the record of the owner, and no log or database', async () => {
  await using places = await makePlaces();
  await using plane = await openPlane(places, { adapters: [memoryRuntime()], listen: true });
  const task = await plane.submit({ prompt: 'hello', workspace: places.workspace });
  await task.outcome();
  const program = `
    const { connectControlPlane } = await import('@runtime/control-plane/client');
    const plane = await connectControlPlane({ dataDir: ${JSON.stringify(places.dataDir)}, waitMs: 20_000 });
    const views = await plane.tasks();
    await plane.close();
    const sqlite = process.moduleLoadList.includes('NativeModule sqlite');
    console.log(JSON.stringify({ ids: views.map(({ id }) => id), sqlite, loaded: [...loaded] }));
  `;
  const found = await resultOf(program, join(packages, 'control-plane'), '--conditions=@runtime/source');
  expect(found).toMatchObject({ ids: [task.id], sqlite: false });
  const { loaded } = found as { readonly loaded: readonly string[] };
  const ofLog = loaded.flatMap((url) => /\/event-log\/src\/(.*)$/.exec(url)?.[1] ?? []).sort();
  expect(ofLog).toEqual(['lock/lock-file.ts', 'lock/owner-file.ts', 'lock/owner.ts', 'owner.ts']);
  const ofKit = loaded.flatMap((url) => /\/adapter-kit\/src\/(run)\//.exec(url)?.[1] ?? []);
  expect(ofKit).toEqual([]);
});

it('a client that finds no owner loads nothing of the wire', async () => {
  await using places = await makePlaces();
  await (await openPlane(places, { adapters: [memoryRuntime()] })).close();
  const program = `
    const { connectControlPlane } = await import('@runtime/control-plane/client');
    const { code } = await connectControlPlane({ dataDir: ${JSON.stringify(places.dataDir)} }).catch((error) => error);
    console.log(JSON.stringify({ code, loaded: [...loaded] }));
  `;
  const found = await resultOf(program, join(packages, 'control-plane'), '--conditions=@runtime/source');
  expect(found).toMatchObject({ code: 'UNAVAILABLE' });
  const { loaded } = found as { readonly loaded: readonly string[] };
  expect(loaded.filter((url) => url === 'node:net' || url.includes('/socket/'))).toEqual([]);
});
