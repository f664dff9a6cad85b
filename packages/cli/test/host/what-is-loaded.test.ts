import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { memoryRuntime } from '@runtime/conformance/memory-runtime';
import { openControlPlane } from '@runtime/control-plane';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { programFile } from '../support/process-lab.ts';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'clil-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

/** Prints, at the end of a program, the files that it loaded, and whether the database is among the modules of Node. */
const recording = `data:text/javascript,${encodeURIComponent(`
import { registerHooks } from 'node:module';
const loaded = new Set();
registerHooks({
  resolve(specifier, context, next) {
    const found = next(specifier, context);
    loaded.add(found.url);
    return found;
  },
});
// A module of Node can be had without an import.
if (process.moduleLoadList === undefined) throw new Error('this Node.js does not say what it has loaded');
process.on('exit', () => {
  const builtin = process.moduleLoadList.filter((name) => name === 'NativeModule sqlite');
  process.stderr.write('\\n' + JSON.stringify([...loaded, ...builtin]));
});
`)}`;

interface Loaded {
  readonly stdout: string;
  /** Of others and of ours: `zod`, `contracts`. */
  readonly packages: readonly string[];
  /** Sources of ours; `NativeModule sqlite` once that is loaded. */
  readonly modules: readonly string[];
}

interface Coverage {
  readonly result: readonly {
    readonly url: string;
    readonly functions: readonly { readonly functionName: string; readonly ranges: readonly { count: number }[] }[];
  }[];
}

/**
 * The sources in a bundle that a process evaluated. Above each stands its path; one that is imported dynamically, or by
 * such a one, is a function with that name, and the process says which functions it called.
 */
async function evaluated(bundle: string, coverage: Coverage): Promise<string[]> {
  const { functions } = coverage.result.find(({ url }) => url === pathToFileURL(bundle).href) ?? { functions: [] };
  const called = new Set(
    functions.filter(({ ranges }) => (ranges[0]?.count ?? 0) > 0).map(({ functionName }) => functionName),
  );
  const text = await readFile(bundle, 'utf8');
  const inIt = [...text.matchAll(/^\/\/ (\S+\.(?:c|m)?[jt]s)$/gm)].map(([, path = '']) => path);
  return inIt.filter((path) => called.has(path) || !text.includes(`\n  "${path}"(`));
}

/** Runs the bundled command line. */
async function load(dataDir: string, ...args: readonly string[]): Promise<Loaded> {
  const covered = await mkdtemp(join(root, 'covered-'));
  const env = { PATH: process.env['PATH'], HOME: root, RUNTIME_DATA_DIR: dataDir, NODE_V8_COVERAGE: covered };
  const command = ['--import', recording, programFile('main'), ...args];
  const { stdout, stderr } = await promisify(execFile)(process.execPath, command, { env, cwd: root });
  const urls: readonly string[] = JSON.parse(stderr.slice(stderr.lastIndexOf('\n')));
  const files = urls.filter((url) => url.startsWith('file:')).map((url) => fileURLToPath(url));
  expect(files).toEqual([programFile('main')]);
  const [written = ''] = await readdir(covered);
  const sources = await evaluated(programFile('main'), JSON.parse(await readFile(join(covered, written), 'utf8')));
  const packages = sources.map(
    (path) =>
      /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1] ?? /^\.\.\/([^/]+)\/src\//.exec(path)?.[1] ?? 'cli',
  );
  return {
    stdout,
    packages: [...new Set(packages)].sort(),
    modules: [
      ...new Set(sources.filter((path) => !path.includes('node_modules'))),
      ...urls.filter((url) => url === 'NativeModule sqlite'),
    ],
  };
}

/** What has nothing to do with reading: adapters, the start of processes, the configuration, the lock's database. */
const forWriting =
  /adapter-(?:local|pi|tmux)\/|adapters\/|adapter-kit\/src\/run\/start|src\/config\/schema|NativeModule sqlite/;

it('the bundle has the licence of every package of others that is in it', async () => {
  const files = await readdir(inject('cliPrograms'));
  const texts = files
    .filter((name) => name.endsWith('.cjs'))
    .map((name) => readFile(join(inject('cliPrograms'), name), 'utf8'));
  const path = /^\/\/ \S*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//gm;
  const inIt = new Set(
    (await Promise.all(texts)).flatMap((text) => [...text.matchAll(path)].map(([, name = '']) => name)),
  );
  expect([...inIt]).toEqual(expect.arrayContaining(['commander', 'zod']));
  const licenses = await readFile(join(inject('cliPrograms'), 'licenses.txt'), 'utf8');
  expect([...inIt].filter((name) => !licenses.includes(`\n${name} `) && !licenses.startsWith(`${name} `))).toEqual([]);
  expect(licenses.match(/Permission is hereby granted/g)?.length).toBeGreaterThan(10);
});

describe('what a command loads', () => {
  it('is for the version and for help what the commands are called, and no schemas', async () => {
    for (const word of ['--version', '--help']) {
      const { packages, modules } = await load(join(root, 'none'), word);
      expect(packages).toEqual(['adapter-kit', 'cli', 'commander', 'contracts', 'get-east-asian-width', 'picocolors']);
      expect(modules.filter((path) => /src\/commands\//.test(path))).toEqual([]);
      expect(modules.filter((path) => path.startsWith('../contracts/'))).toEqual(['../contracts/src/base/errors.ts']);
    }
  });

  it.each([['list'], ['status', 'last']])(
    'is for %s at an owner its client, and nothing that writes',
    async (...args) => {
      const dataDir = join(root, args.join('-'));
      await using plane = await openControlPlane({ dataDir, adapters: [memoryRuntime()], listen: true });
      const task = await plane.submit({ prompt: 'a task to be seen', workspace: root });
      await task.outcome();
      const { stdout, packages, modules } = await load(dataDir, ...args);
      expect(stdout).toContain('a task to be seen');
      expect(packages).toEqual([
        'adapter-kit',
        'cli',
        'commander',
        'contracts',
        'control-plane',
        'event-log',
        'eventemitter3',
        'get-east-asian-width',
        'picocolors',
        'zod',
      ]);
      expect(modules.filter((path) => forWriting.test(path))).toEqual([]);
      expect(modules.filter((path) => path.startsWith('../event-log/')).sort()).toEqual([
        '../event-log/src/lock/lock-file.ts',
        '../event-log/src/lock/owner-file.ts',
        '../event-log/src/lock/owner.ts',
      ]);
    },
  );

  it('is for a list without an owner what reads the files, and nothing that writes', async () => {
    const dataDir = join(root, 'left');
    const plane = await openControlPlane({ dataDir, adapters: [memoryRuntime()] });
    await (await plane.submit({ prompt: 'a task to be read', workspace: root })).outcome();
    await plane.close();
    const { stdout, modules } = await load(dataDir, 'list');
    expect(stdout).toContain('a task to be read');
    expect(modules.filter((path) => forWriting.test(path))).toEqual([]);
    expect(modules).toContain('../control-plane/src/open/files-reader.ts');
    expect(modules).not.toContain('../control-plane/src/open/open-control-plane.ts');
  });
});
