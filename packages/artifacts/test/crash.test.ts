import { bytesOf, digestsIn, readAll, sha256Of } from '@runtime/conformance/artifact-store';
import { crashImage, FaultFs, type CrashOptions, type DiskImage } from '@runtime/conformance/event-log';
import type { ArtifactStore, HeldContent } from '@runtime/contracts/artifacts';
import { expect, test } from 'vitest';
import { openArtifactStore } from '../src/index.ts';
import { randomFrom } from './support/random-from.ts';

/** What is known of a content from an operation of the disk on. */
type Known = 'there' | 'gone' | 'unsure';

/** What was acknowledged when, by the number of operations. */
class Record {
  readonly #known = new Map<string, { readonly at: number; readonly known: Known }[]>();
  readonly #fs: FaultFs;

  constructor(fs: FaultFs) {
    this.#fs = fs;
  }

  note(sha256: string, known: Known): void {
    const entries = this.#known.get(sha256) ?? [];
    entries.push({ at: this.#fs.operations.length, known });
    this.#known.set(sha256, entries);
  }

  at(operations: number): Map<string, Known> {
    return new Map(
      [...this.#known].map(([sha256, entries]) => [
        sha256,
        entries.findLast(({ at }) => at <= operations)?.known ?? 'unsure',
      ]),
    );
  }
}

const small = Array.from({ length: 12 }, (_, number) => bytesOf(number, 20 + number * 40));
const large = [bytesOf(100, 70_000), bytesOf(101, 90_000)];

/** A store is filled, emptied in part and filled again, over two openings. */
async function life(fs: FaultFs, record: Record): Promise<void> {
  const put = async (store: ArtifactStore, bytes: Buffer): Promise<HeldContent> => {
    const sha256 = sha256Of(bytes);
    if (record.at(Infinity).get(sha256) !== 'there') record.note(sha256, 'unsure');
    const held = await store.put(bytes);
    record.note(sha256, 'there');
    return held;
  };
  const putAll = async (store: ArtifactStore, all: readonly Buffer[]): Promise<void> => {
    for (const held of await Promise.all(all.map((bytes) => put(store, bytes)))) held[Symbol.dispose]();
  };
  const remove = async (store: ArtifactStore, all: readonly Buffer[]): Promise<void> => {
    for (const bytes of all) record.note(sha256Of(bytes), 'unsure');
    await store.remove(all.map(sha256Of));
    for (const bytes of all) record.note(sha256Of(bytes), 'gone');
  };
  const first = await openArtifactStore({ dir: '/a', fs });
  await putAll(first, small.slice(0, 5));
  await putAll(first, [...small.slice(3, 8), ...large]);
  await first.close();
  const second = await openArtifactStore({ dir: '/a', fs });
  await putAll(second, small.slice(8));
  await remove(second, [...small.slice(0, 3), ...large.slice(0, 1)]);
  await putAll(second, [...small.slice(0, 1), ...large]);
  await remove(second, [...small.slice(9, 10), ...large.slice(1)]);
  await second.close();
}

/** What is there is whole, what was acknowledged is there, and what was removed is not. The store goes on working. */
async function expectSurvived(image: DiskImage, known: ReadonlyMap<string, Known>, where: string): Promise<FaultFs> {
  const fs = new FaultFs(image);
  const store = await openArtifactStore({ dir: '/a', fs });
  const found = new Set(await digestsIn(store));
  for (const sha256 of found) expect(sha256Of(await readAll(store, sha256)), where).toBe(sha256);
  for (const [sha256, what] of known) {
    if (what !== 'unsure')
      expect(found.has(sha256), `${where}: ${sha256.slice(0, 6)} is ${what}`).toBe(what === 'there');
  }
  for (const bytes of [...small, ...large]) {
    using held = await store.put(bytes);
    expect((await readAll(store, held.sha256)).equals(bytes), where).toBe(true);
  }
  await store.close();
  return fs;
}

async function everyCrash(options: (seed: number) => Partial<CrashOptions>, seeds: number): Promise<void> {
  const fs = new FaultFs();
  const record = new Record(fs);
  await life(fs, record);
  for (let at = 0; at <= fs.operations.length; at += 1) {
    const next = fs.operations[at];
    const torn = next?.kind === 'write' ? [0, 1, Math.floor(next.bytes.length / 2), next.bytes.length - 1] : [0];
    for (const bytes of torn) {
      for (let seed = 0; seed < seeds; seed += 1) {
        const image = crashImage(fs.operations, { at, bytes, ...options(seed * 1000 + at) });
        await expectSurvived(image, record.at(at), `operation ${at} (${next?.kind}, ${bytes} bytes, seed ${seed})`);
      }
    }
  }
}

test('whatever the process dies at, what was acknowledged is there, and nothing half is', () =>
  everyCrash(() => ({}), 1));

test('whatever the power fails at, what was acknowledged is there, and nothing half is', () =>
  everyCrash((seed) => ({ power: randomFrom(seed) }), 4));

test.each(['EIO', 'ENOSPC'] as const)(
  'whatever call of the disk fails with %s, the put says so, the others are there, and the store goes on',
  async (code) => {
    const count = await (async () => {
      const fs = new FaultFs();
      await life(fs, new Record(fs));
      return fs.operations.length;
    })();
    for (let at = 0; at < count; at += 1) {
      const fs = new FaultFs();
      const record = new Record(fs);
      let calls = 0;
      fs.inject = () => (calls++ === at ? { code } : undefined);
      const failed = await life(fs, record).then(
        () => undefined,
        (error: unknown) => error,
      );
      fs.inject = undefined;
      if (failed !== undefined)
        expect(failed, `call ${at}`).toMatchObject({ code: code === 'EIO' ? 'UNAVAILABLE' : 'EXHAUSTED' });
      await expectSurvived(fs.image(), record.at(Infinity), `call ${at}`);
    }
  },
);
