import { bytesOf, digestsIn, putAndLetGo, readAll, sha256Of } from '@runtime/conformance/artifact-store';
import { FaultFs, opening } from '@runtime/conformance/event-log';
import { expect, test } from 'vitest';
import { openArtifactStore } from '../src/index.ts';
import type { StoreFs } from '../src/testing.ts';

const packsOn = (disk: FaultFs): string[] => [...disk.image().keys()].filter((path) => path.includes('/packs/'));

/** A disk on which the index of a pack is written once `go` is called. */
function beforeIndex(disk: FaultFs): { fs: StoreFs; reached: Promise<void>; go: () => void } {
  const reached = Promise.withResolvers<void>();
  const going = Promise.withResolvers<void>();
  const fs = opening(disk, async (path, mode) => {
    const file = await disk.open(path, mode);
    const write = async (bytes: Uint8Array, position: number): Promise<number> => {
      if (Buffer.from(bytes).includes('RTINDEX1')) {
        reached.resolve();
        await going.promise;
      }
      return file.write(bytes, position);
    };
    return { ...file, write };
  });
  return { fs, reached: reached.promise, go: () => going.resolve() };
}

test('what is put while a pack is being ended for a removal stays where it is', async () => {
  const disk = new FaultFs();
  const { fs, reached, go } = beforeIndex(disk);
  const store = await openArtifactStore({ dir: '/a', fs });
  const [gone, stays] = await Promise.all([putAndLetGo(store, bytesOf(1, 100)), putAndLetGo(store, bytesOf(2, 100))]);
  const removing = store.remove([gone]);
  await reached;
  const late = await putAndLetGo(store, bytesOf(3, 100));
  go();
  expect(await removing).toEqual([{ sha256: gone, bytes: 100 }]);
  expect(await digestsIn(store)).toEqual([stays, late].sort());
  for (const sha256 of [stays, late]) expect(sha256Of(await readAll(store, sha256))).toBe(sha256);
  await store.close();
});

test('the small packs of many openings are joined when something is removed', async () => {
  const disk = new FaultFs();
  for (let opening = 0; opening < 12; opening += 1) {
    const store = await openArtifactStore({ dir: '/a', fs: disk });
    await putAndLetGo(store, bytesOf(opening, 1000));
    await store.close();
  }
  expect(packsOn(disk)).toHaveLength(12);
  const store = await openArtifactStore({ dir: '/a', fs: disk });
  await store.remove([sha256Of(bytesOf(5, 1000))]);
  await store.close();
  expect(packsOn(disk)).toHaveLength(1);
  const again = await openArtifactStore({ dir: '/a', fs: disk });
  expect(await digestsIn(again)).toHaveLength(11);
  await again.close();
});

test('a pack in which one content is damaged stays, with all that is in it', async () => {
  const disk = new FaultFs();
  const first = await openArtifactStore({ dir: '/a', fs: disk });
  const stored = [];
  for (const seed of [1, 2, 3]) stored.push(await putAndLetGo(first, bytesOf(seed, 1000)));
  await first.close();
  const [pack = ''] = packsOn(disk);
  const bytes = Buffer.from(disk.image().get(pack) ?? []);
  const at = bytes.indexOf(bytesOf(2, 1000));
  bytes[at + 500] = (bytes[at + 500] ?? 0) ^ 1;
  const damaged = new FaultFs(new Map([...disk.image(), [pack, bytes]]));
  const store = await openArtifactStore({ dir: '/a', fs: damaged });
  expect(await store.remove(stored.slice(0, 1))).toEqual([]);
  expect(await digestsIn(store)).toEqual([...stored].sort());
  await expect(readAll(store, stored[1] ?? '')).rejects.toMatchObject({ code: 'DATA_CORRUPT' });
  expect(await readAll(store, stored[0] ?? '')).toHaveLength(1000);
  // Whoever has the bytes heals it.
  await putAndLetGo(store, bytesOf(2, 1000));
  expect(await readAll(store, stored[1] ?? '')).toHaveLength(1000);
  expect(await store.remove(stored.slice(0, 1))).toHaveLength(1);
  await store.close();
});

test.each(['create', 'remove'] as const)(
  'a removal that fails (%s) says so, and what it left is there',
  async (kind) => {
    const disk = new FaultFs();
    const store = await openArtifactStore({ dir: '/a', fs: disk });
    const [gone, stays] = await Promise.all([putAndLetGo(store, bytesOf(1, 100)), putAndLetGo(store, bytesOf(2, 100))]);
    disk.inject = (operation) => (operation.kind === kind ? { code: 'EIO' } : undefined);
    await expect(store.remove([gone])).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    disk.inject = undefined;
    expect(await digestsIn(store)).toEqual([gone, stays].sort());
    for (const sha256 of [gone, stays]) expect(sha256Of(await readAll(store, sha256))).toBe(sha256);
    expect(await store.remove([gone])).toHaveLength(1);
    expect(sha256Of(await readAll(store, stays))).toBe(stays);
    await store.close();
  },
);

test('after a removal of which nobody knows whether it is durable, what is put is stored', async () => {
  const disk = new FaultFs();
  const store = await openArtifactStore({ dir: '/a', fs: disk });
  const contents = [bytesOf(1, 100), bytesOf(2, 100_000)];
  for (const bytes of contents) {
    const sha256 = await putAndLetGo(store, bytes);
    disk.inject = ({ kind }) => (kind === 'syncDir' ? { code: 'EIO' } : undefined);
    await expect(store.remove([sha256])).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    disk.inject = undefined;
    await putAndLetGo(store, bytes);
    expect((await readAll(store, sha256)).equals(bytes)).toBe(true);
  }
  await store.close();
  const again = await openArtifactStore({ dir: '/a', fs: disk });
  for (const bytes of contents) expect((await readAll(again, sha256Of(bytes))).equals(bytes)).toBe(true);
  await again.close();
});
