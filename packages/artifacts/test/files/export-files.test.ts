import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bytesOf, putAndLetGo } from '@runtime/conformance/artifact-store';
import type { ArtifactStore } from '@runtime/contracts/artifacts';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { exportFiles, memoryArtifactStore } from '../../src/index.ts';
import { altered } from '../support/altered.ts';

let root: string;
let dir: string;
let store: ArtifactStore;
let sha256: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'export-'));
  dir = join(root, 'out');
  await mkdir(dir);
  store = memoryArtifactStore();
  sha256 = await putAndLetGo(store, bytesOf(1, 300_000));
});
afterEach(() => rm(root, { recursive: true, force: true }));

test('writes contents as files, in directories that are made for them', async () => {
  await exportFiles(
    store,
    [
      { name: 'a.bin', sha256 },
      { name: 'deep/er/b.bin', sha256 },
    ],
    dir,
  );
  for (const name of ['a.bin', 'deep/er/b.bin'])
    expect((await readFile(join(dir, name))).equals(bytesOf(1, 300_000))).toBe(true);
});

test('overwrites nothing, and leaves no directory that a link leads out of', async () => {
  await writeFile(join(dir, 'there.bin'), 'mine');
  await expect(exportFiles(store, [{ name: 'there.bin', sha256 }], dir)).rejects.toMatchObject({ code: 'CONFLICT' });
  expect(String(await readFile(join(dir, 'there.bin')))).toBe('mine');
  await mkdir(join(root, 'outside'));
  await symlink(join(root, 'outside'), join(dir, 'linked'));
  await expect(exportFiles(store, [{ name: 'linked/x.bin', sha256 }], dir)).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
  });
  expect(await readdir(join(root, 'outside'))).toEqual([]);
  for (const name of ['../x', '/x', 'a/../../x', ''])
    await expect(exportFiles(store, [{ name, sha256 }], dir)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
});

test('leaves nothing of a content that is not there, or cannot be read to its end', async () => {
  const other = 'a'.repeat(64);
  await expect(exportFiles(store, [{ name: 'x.bin', sha256: other }], dir)).rejects.toMatchObject({
    code: 'NOT_FOUND',
  });
  const broken = altered(store, {
    async *read() {
      yield Buffer.alloc(10);
      throw new Error('mine');
    },
  });
  await expect(exportFiles(broken, [{ name: 'x.bin', sha256 }], dir)).rejects.toThrow();
  expect(await readdir(dir)).toEqual([]);
  await expect(exportFiles(store, [], join(root, 'none'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
});
