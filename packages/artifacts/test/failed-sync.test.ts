import { bytesOf, readAll } from '@runtime/conformance/artifact-store';
import { FaultFs } from '@runtime/conformance/event-log';
import { expect, test } from 'vitest';
import { openArtifactStore } from '../src/index.ts';

test('a pack whose sync failed gets nothing more, because nobody knows what of it is on the disk', async () => {
  const fs = new FaultFs();
  const store = await openArtifactStore({ dir: '/a', fs });
  using first = await store.put(bytesOf(1, 100));
  fs.inject = ({ kind }) => (kind === 'sync' ? { code: 'EIO' } : undefined);
  await expect(store.put(bytesOf(2, 100))).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  fs.inject = undefined;
  const before = fs.operations.length;
  using second = await store.put(bytesOf(2, 100));
  const later = fs.operations.slice(before);
  expect(later.filter(({ kind }) => kind === 'create')).toHaveLength(1);
  expect(later.flatMap((operation) => (operation.kind === 'write' ? [operation.position] : []))[0]).toBe(0);
  for (const { sha256 } of [first, second]) expect(await readAll(store, sha256)).toHaveLength(100);
  await store.close();
});

test('a full disk leaves no pack without contents, and is no end of the store', async () => {
  const fs = new FaultFs();
  const store = await openArtifactStore({ dir: '/a', fs });
  fs.capacity = 500;
  using small = await store.put(bytesOf(3, 300));
  for (const length of [400, 100_000]) {
    await expect(store.put(bytesOf(4, length))).rejects.toMatchObject({
      code: 'EXHAUSTED',
      details: { reason: 'disk' },
    });
  }
  expect([...fs.image().keys()].filter((path) => path.includes('/packs/'))).toHaveLength(1);
  expect([...fs.image().keys()].filter((path) => path.includes('/unfinished/'))).toEqual([]);
  fs.capacity = Infinity;
  using later = await store.put(bytesOf(4, 100_000));
  expect((await readAll(store, small.sha256)).equals(bytesOf(3, 300))).toBe(true);
  expect((await readAll(store, later.sha256)).equals(bytesOf(4, 100_000))).toBe(true);
  await store.close();
});
