import { execFile } from 'node:child_process';
import { appendFile, link, mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { digestsIn, readAll } from '@runtime/conformance/artifact-store';
import type { ArtifactStore } from '@runtime/contracts/artifacts';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { importFiles, memoryArtifactStore, openArtifactStore } from '../../src/index.ts';
import { altered } from '../support/altered.ts';

let root: string;
let dir: string;
let store: ArtifactStore;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'import-'));
  dir = join(root, 'workspace');
  await mkdir(dir);
  store = memoryArtifactStore();
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function write(...names: readonly string[]): Promise<void> {
  for (const name of names) {
    await mkdir(dirname(join(dir, name)), { recursive: true });
    await writeFile(join(dir, name), `text of ${name}`);
  }
}

const importAll = (...patterns: readonly string[]) => importFiles(store, { dir, patterns });
const namesOf = ({ files }: Awaited<ReturnType<typeof importAll>>) => files.map(({ name }) => name);

test('stores what the patterns match, by name, with types by their extensions, and says which matched nothing', async () => {
  await write('report.md', 'src/a.ts', 'src/deep/b.ts', 'src/c.js', 'image.png', 'raw');
  const imported = await importAll('report.md', './src/**/*.ts', '*.{png,gif}', 'raw', 'none.txt', 'no/**', 'src/*.py');
  expect(namesOf(imported)).toEqual(['image.png', 'raw', 'report.md', 'src/a.ts', 'src/deep/b.ts']);
  expect(imported.files.map(({ mediaType }) => mediaType)).toEqual([
    'image/png',
    'application/octet-stream',
    'text/markdown',
    'text/typescript',
    'text/typescript',
  ]);
  expect(imported.refused).toEqual([]);
  expect(imported.unmatched).toEqual(['none.txt', 'no/**', 'src/*.py']);
  for (const { name, content } of imported.files)
    expect(String(await readAll(store, content.sha256))).toBe(`text of ${name}`);
});

test('looks into .git, node_modules and names with a dot only where a pattern says so', async () => {
  await write('.git/config', '.env', 'node_modules/x/index.js', 'a/node_modules/y.js', 'a.js', '.github/ci.yml');
  expect(namesOf(await importAll('**'))).toEqual(['a.js']);
  expect(namesOf(await importAll('.env', '.github/*', 'node_modules/x/**'))).toEqual([
    '.env',
    '.github/ci.yml',
    'node_modules/x/index.js',
  ]);
  expect(namesOf(await importAll('**', 'node_modules/x/**'))).toEqual(['a.js', 'node_modules/x/index.js']);
});

test.each(['../secret', '/etc/passwd', 'a/../../secret', '', 'a\0b', 'a\\b', 'x'.repeat(1025)])(
  'refuses the pattern %j',
  async (pattern) => {
    await expect(importAll(pattern)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  },
);

test('opens nothing that is no file of the directory, and waits for nothing', async () => {
  await write('fine.txt');
  await writeFile(join(root, 'secret'), 'SECRET');
  await mkdir(join(root, 'outside'));
  await writeFile(join(root, 'outside', 'inner.txt'), 'SECRET');
  await symlink(join(root, 'secret'), join(dir, 'link.txt'));
  await symlink(join(root, 'outside'), join(dir, 'linked'));
  await symlink('fine.txt', join(dir, 'inside.txt'));
  await link(join(root, 'secret'), join(dir, 'hard.txt'));
  for (const name of ['a', 'b', 'c', 'd', 'e']) await promisify(execFile)('mkfifo', [join(dir, `fifo-${name}.txt`)]);
  const server = createServer().listen(join(dir, 'socket.txt'));
  await mkdir(join(dir, 'directory.txt'));
  try {
    for (const patterns of [
      ['*.txt', 'linked/inner.txt'],
      [
        'link.txt',
        'inside.txt',
        'hard.txt',
        'fifo-a.txt',
        'socket.txt',
        'directory.txt',
        'fine.txt',
        'linked/inner.txt',
      ],
    ]) {
      const imported = await importAll(...patterns);
      expect(namesOf(imported)).toEqual(['fine.txt']);
      const reasons = Object.fromEntries(imported.refused.map(({ name, reason }) => [name, reason]));
      expect(reasons).toMatchObject({
        'link.txt': 'link',
        'inside.txt': 'link',
        'hard.txt': 'hard_link',
        'fifo-a.txt': 'no_file',
        'socket.txt': 'no_file',
        'linked/inner.txt': 'link',
      });
    }
    expect(await digestsIn(store)).toHaveLength(1);
  } finally {
    server.close();
  }
});

test('refuses the second of two names that are one file on other disks, and names that no artifact can have', async () => {
  await write('Read.md', 'read.md', 'caf\u00e9.txt', 'cafe\u0301.txt', 'line\nbreak.txt', 'ok.txt');
  const imported = await importAll('*');
  expect(namesOf(imported)).toEqual(['Read.md', 'cafe\u0301.txt', 'ok.txt']);
  expect(imported.refused.map(({ name, reason }) => [name, reason])).toEqual([
    ['café.txt', 'same_name'],
    ['line\nbreak.txt', 'name'],
    ['read.md', 'same_name'],
  ]);
});

test('refuses what is beyond the limits, and stores the rest', async () => {
  await write('a.txt', 'b.txt', 'c.txt');
  await writeFile(join(dir, 'large.bin'), Buffer.alloc(200_000));
  const imported = await importFiles(store, { dir, patterns: ['*.txt', '*.bin'], maxFiles: 3, maxBytes: 100_000 });
  expect(namesOf(imported)).toEqual(['a.txt', 'b.txt', 'c.txt']);
  expect(imported.refused).toMatchObject([{ name: 'large.bin', reason: 'too_many' }]);
  const alone = await importFiles(store, { dir, patterns: ['*.bin'], maxBytes: 100_000 });
  expect(alone.refused).toMatchObject([{ name: 'large.bin', reason: 'too_large' }]);
  expect(alone.unmatched).toEqual(['*.bin']);
});

test('stores a file as it was at one moment, and refuses one that is written each time that it is read', async () => {
  await write('growing.log', 'replaced.txt');
  let [grown, replaced] = [0, 0];
  const watched = altered(store, {
    put: async (source, options) => {
      const held = await store.put(source, options);
      if ((await readAll(store, held.sha256)).includes('growing')) {
        grown += 1;
        await appendFile(join(dir, 'growing.log'), 'more');
      } else if (replaced < 1) {
        replaced += 1;
        await writeFile(join(root, 'other'), 'another text of the same name');
        await rename(join(root, 'other'), join(dir, 'replaced.txt'));
      }
      return held;
    },
  });
  const imported = await importFiles(watched, { dir, patterns: ['*'] });
  expect(imported.refused).toMatchObject([{ name: 'growing.log', reason: 'changing' }]);
  expect(grown).toBe(3);
  // Replaced after it was read: what was read is the file that it was.
  expect(namesOf(imported)).toEqual(['replaced.txt']);
});

test('holds nothing where it rejects', async () => {
  await write('a.txt', 'b.txt');
  let puts = 0;
  const broken = altered(store, {
    put: (source, options) => (puts++ === 0 ? store.put(source, options) : Promise.reject(new Error('mine'))),
  });
  await expect(importFiles(broken, { dir, patterns: ['*'] })).rejects.toThrow('mine');
  expect(await store.remove(await digestsIn(store))).toHaveLength(1);
  await expect(importFiles(store, { dir: join(root, 'none'), patterns: ['*'] })).rejects.toMatchObject({
    code: 'NOT_FOUND',
  });
  await expect(importFiles(store, { dir, patterns: ['*'], signal: AbortSignal.abort() })).rejects.toMatchObject({
    code: 'CANCELLED',
  });
});

test('stores thousands of files at once', async () => {
  await write(...Array.from({ length: 2000 }, (_, number) => `many/${number % 40}/file-${number}.txt`));
  const files = await openArtifactStore({ dir: join(root, 'artifacts') });
  const imported = await importFiles(files, { dir, patterns: ['many/**'], maxFiles: 5000 });
  expect(imported.files).toHaveLength(2000);
  expect(await digestsIn(files)).toHaveLength(2000);
  await files.close();
});

test.each(['deep/*.md', '*.md', 'a.md'])(
  'a directory that cannot be read now has not been searched: %s',
  async (pattern) => {
    await write('a.md', 'deep/b.md');
    const script = fileURLToPath(new URL('../support/import-without-descriptors.ts', import.meta.url));
    const command = 'ulimit -n 64; "$0" --conditions=@runtime/source "$1" "$2" "$3"; exit';
    const { stdout } = await promisify(execFile)('bash', ['-c', command, process.execPath, script, dir, pattern]);
    expect(JSON.parse(stdout)).toEqual({ thrown: 'UNAVAILABLE' });
  },
);

test('does not look behind a link, and says so', async () => {
  await write('b.md');
  await symlink('/etc', join(dir, 'etc'));
  const imported = await importAll('etc/*', 'b.md/*', 'none/*');
  expect(imported.unmatched).toEqual(['etc/*', 'b.md/*', 'none/*']);
  expect(imported.refused).toMatchObject([{ name: 'etc', message: expect.stringContaining('link') }]);
});

test('names the directory that it cannot look into, and finds what is beside it', async () => {
  await write('open/a.md');
  const name = 'x'.repeat(200);
  // Deeper than a path can name.
  const deeper = `cd "$0" && for i in $(seq 25); do mkdir ${name} && cd ${name} || exit; done && touch b.md`;
  await promisify(execFile)('bash', ['-c', deeper, dir]);
  const imported = await importAll('**/*.md');
  await promisify(execFile)('rm', ['-rf', join(dir, name)]);
  expect(namesOf(imported)).toEqual(['open/a.md']);
  expect(imported.refused).toEqual([
    { name: expect.stringMatching(/^x{200}(\/x{200}){10,}$/), reason: 'unreadable', message: expect.any(String) },
  ]);
});
