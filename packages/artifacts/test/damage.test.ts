import { execFile } from 'node:child_process';
import { link, mkdtemp, open, readdir, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { bytesOf, digestsIn, putAndLetGo, readAll, sha256Of } from '@runtime/conformance/artifact-store';
import type { ArtifactStore } from '@runtime/contracts/artifacts';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openArtifactStore } from '../src/index.ts';

let root: string;
let store: ArtifactStore;
const dir = () => join(root, 'artifacts');
const looseFile = (sha256: string) => join(dir(), 'sha256', sha256.slice(0, 2), sha256.slice(2));

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'artifacts-'));
  store = await openArtifactStore({ dir: dir() });
});
afterEach(async () => {
  await store.close();
  await rm(root, { recursive: true });
});

async function flip(path: string, at: number): Promise<void> {
  const file = await open(path, 'r+');
  const byte = Buffer.alloc(1);
  await file.read(byte, 0, 1, at);
  await file.write(Buffer.from([(byte[0] ?? 0) ^ 1]), 0, 1, at);
  await file.close();
}

test('nobody gets all of the bytes of a content that has changed, and a put of the right ones heals it', async () => {
  const bytes = bytesOf(1, 1_000_000);
  const sha256 = await putAndLetGo(store, bytes);
  for (const spoil of [() => flip(looseFile(sha256), 999_999), () => truncate(looseFile(sha256), 500_000)]) {
    await spoil();
    let seen = 0;
    const reading = async (): Promise<void> => {
      for await (const chunk of store.read(sha256)) seen += chunk.byteLength;
    };
    await expect(reading()).rejects.toMatchObject({ code: 'DATA_CORRUPT', details: { sha256 } });
    expect(seen).toBeLessThan(1_000_000);
    await expect(readAll(store, sha256, { start: 5, end: 6 })).rejects.toMatchObject({ code: 'DATA_CORRUPT' });
    await putAndLetGo(store, bytes);
    expect((await readAll(store, sha256)).equals(bytes)).toBe(true);
    expect((await readAll(store, sha256, { start: 5, end: 6 })).equals(bytes.subarray(5, 6))).toBe(true);
  }
});

test('what somebody put in the place of a content is not read: a link, a directory, a FIFO that nobody writes', async () => {
  const secret = join(root, 'secret');
  await writeFile(secret, bytesOf(2, 100_000));
  const sha256 = sha256Of(bytesOf(2, 100_000));
  const path = looseFile(await putAndLetGo(store, bytesOf(2, 100_000)));
  const replacements = [
    () => symlink(secret, path),
    async () => void (await promisify(execFile)('mkfifo', [path])),
    async () => void (await promisify(execFile)('mkdir', [path])),
  ];
  for (const replace of replacements) {
    await rename(path, join(root, 'moved')).catch(() => undefined);
    await rm(path, { recursive: true, force: true });
    await replace();
    await expect(readAll(store, sha256)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  }
});

test('files that are not of the store are left alone and found nowhere', async () => {
  const sha256 = await putAndLetGo(store, bytesOf(3, 100_000));
  await link(looseFile(sha256), join(dir(), 'sha256', sha256.slice(0, 2), 'README'));
  await writeFile(join(dir(), 'packs', 'notes.txt'), 'x');
  await writeFile(join(dir(), 'sha256', 'zz'), 'x');
  await store.close();
  store = await openArtifactStore({ dir: dir() });
  const found = [];
  for await (const content of store.contents()) found.push(content);
  expect(found).toEqual([{ sha256, bytes: 100_000 }]);
  expect(await readdir(join(dir(), 'packs'))).toEqual(['notes.txt']);
});

test('what an earlier process did not finish is removed by the next opening', async () => {
  await store.close();
  await writeFile(join(dir(), 'unfinished', 'half'), 'x');
  store = await openArtifactStore({ dir: dir() });
  expect(await readdir(join(dir(), 'unfinished'))).toEqual([]);
});

test.each([
  ['runtime-artifacts 2\n', 'UNSUPPORTED'],
  ['something else\n', 'DATA_CORRUPT'],
  ['', 'DATA_CORRUPT'],
])('a store whose FORMAT says %j is refused with %s', async (text, code) => {
  await store.close();
  await writeFile(join(dir(), 'FORMAT'), text);
  await expect(openArtifactStore({ dir: dir() })).rejects.toMatchObject({ code });
  await expect(openArtifactStore({ dir: dir(), readOnly: true })).rejects.toMatchObject({ code });
});

test('a reader beside the writer sees what is stored, moved and removed after it was opened', async () => {
  const reader = await openArtifactStore({ dir: dir(), readOnly: true });
  const small = await putAndLetGo(store, bytesOf(4, 500));
  const other = await putAndLetGo(store, bytesOf(5, 500));
  const large = await putAndLetGo(store, bytesOf(6, 100_000));
  for (const sha256 of [small, other, large]) expect(sha256Of(await readAll(reader, sha256))).toBe(sha256);
  await store.remove([small, large]);
  expect(await reader.stat(small)).toBeUndefined();
  expect(await reader.stat(large)).toBeUndefined();
  expect(await digestsIn(reader)).toEqual([other]);
  const later = [await putAndLetGo(store, bytesOf(7, 500)), await putAndLetGo(store, bytesOf(8, 100_000))];
  expect(await digestsIn(reader)).toEqual([other, ...later].sort());
  expect(sha256Of(await readAll(reader, other))).toBe(other);
  await expect(readAll(reader, large)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await expect(reader.put(bytesOf(4, 500))).rejects.toMatchObject({ code: 'UNSUPPORTED' });
  await expect(reader.remove([other])).rejects.toMatchObject({ code: 'UNSUPPORTED' });
  await reader.close();
  await expect(openArtifactStore({ dir: join(root, 'none'), readOnly: true })).rejects.toMatchObject({
    code: 'NOT_FOUND',
  });
});
