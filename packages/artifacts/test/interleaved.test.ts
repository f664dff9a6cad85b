import { bytesOf, digestsIn, readAll, sha256Of } from '@runtime/conformance/artifact-store';
import { FaultFs } from '@runtime/conformance/event-log';
import { expect, test } from 'vitest';
import { openArtifactStore } from '../src/index.ts';
import type { StoreFile, StoreFs } from '../src/testing.ts';
import { randomFrom } from './support/random-from.ts';

/** A few turns of the event loop, or none. */
async function aWhile(random: () => number): Promise<void> {
  for (let turns = Math.floor(random() * 4); turns > 0; turns -= 1)
    await new Promise<void>((resolve) => setImmediate(resolve));
}

/** A disk whose calls take any time, so that they overtake one another as those of real disks do. */
function slowFs(disk: FaultFs, random: () => number): StoreFs {
  const slow = async <T>(call: () => Promise<T>): Promise<T> => {
    await aWhile(random);
    const result = await call();
    await aWhile(random);
    return result;
  };
  return {
    open: async (path, mode) => {
      const file = await slow(() => disk.open(path, mode));
      return {
        read: (into, position) => slow(() => file.read(into, position)),
        write: (bytes, position) => slow(() => file.write(bytes, position)),
        sync: () => slow(() => file.sync()),
        size: () => slow(() => file.size()),
        close: () => slow(() => file.close()),
      } satisfies StoreFile;
    },
    makeDir: () => disk.makeDir(),
    list: (path) => slow(() => disk.list(path)),
    rename: (from, to) => slow(() => disk.rename(from, to)),
    remove: (path) => slow(() => disk.remove(path)),
    syncDir: (path) => slow(() => disk.syncDir(path)),
  };
}

const contents = [10, 11, 12, 13, 14, 15, 66_000, 67_000].map((length) => bytesOf(length, length));

test.each(Array.from({ length: 60 }, (_, seed) => seed))(
  'what is held is there, whoever puts, reads and removes at the same time (%i)',
  async (seed) => {
    const random = randomFrom(seed);
    const disk = new FaultFs();
    const store = await openArtifactStore({ dir: '/a', fs: slowFs(disk, random) });
    const any = (): Buffer => contents[Math.floor(random() * contents.length)] ?? Buffer.alloc(0);
    const putter = async (): Promise<void> => {
      for (let turn = 0; turn < 12; turn += 1) {
        const bytes = any();
        using held = await store.put(bytes);
        await aWhile(random);
        expect((await readAll(store, held.sha256)).equals(bytes)).toBe(true);
        await aWhile(random);
        expect(await store.stat(held.sha256)).toEqual({ sha256: held.sha256, bytes: bytes.length });
      }
    };
    const remover = async (): Promise<void> => {
      for (let turn = 0; turn < 24; turn += 1) {
        await store.remove(Array.from({ length: 3 }, () => sha256Of(any())));
        await aWhile(random);
      }
    };
    await Promise.all([...Array.from({ length: 8 }, putter), remover(), remover()]);
    await Promise.all(contents.map((bytes) => store.put(bytes)));
    await Promise.all([store.remove(contents.map(sha256Of)), store.close()]);
    const again = await openArtifactStore({ dir: '/a', fs: disk });
    expect(await digestsIn(again)).toEqual(contents.map(sha256Of).sort());
    for (const bytes of contents) expect((await readAll(again, sha256Of(bytes))).equals(bytes)).toBe(true);
    await again.close();
  },
);
