import { expect } from 'vitest';
import { bytesOf, codeOf, digestsIn, inChunks, lengths, readAll, sha256Of, type Verifier } from './suite.ts';

export function putCases(verifier: Verifier): void {
  verifier.verifies('put.round-trip', async (store) => {
    for (const length of lengths) {
      const bytes = bytesOf(length, length);
      using held = await store.put(bytes);
      expect(held).toMatchObject({ sha256: sha256Of(bytes), bytes: length });
      expect((await readAll(store, held.sha256)).equals(bytes), `${length} bytes`).toBe(true);
    }
  });
  verifier.verifies('put.chunks', async (store) => {
    for (const length of lengths) {
      const bytes = bytesOf(1, length);
      for (const sizes of [[1000, 1, 70_000], [length + 1], [65_536], [400_000, 3]]) {
        using held = await store.put(inChunks(bytes, ...sizes));
        expect(held).toMatchObject({ sha256: sha256Of(bytes), bytes: length });
      }
      expect((await readAll(store, sha256Of(bytes))).equals(bytes)).toBe(true);
    }
    expect(await digestsIn(store)).toHaveLength(lengths.length);
  });
  verifier.verifies('put.reused-buffer', async (store) => {
    for (const length of [3000, 1_000_000]) {
      const bytes = bytesOf(2, length);
      const buffer = Buffer.alloc(100_000);
      const reused = async function* (): AsyncGenerator<Buffer> {
        for await (const chunk of inChunks(bytes, 100_000, 7)) {
          buffer.fill(0);
          chunk.copy(buffer);
          yield buffer.subarray(0, chunk.length);
        }
        buffer.fill(0);
      };
      using held = await store.put(reused());
      expect((await readAll(store, held.sha256)).equals(bytes)).toBe(true);
    }
  });
  verifier.verifies('put.once', async (store) => {
    for (const length of [100, 100_000]) {
      using first = await store.put(bytesOf(3, length));
      using second = await store.put(inChunks(bytesOf(3, length), 10_000));
      expect(second).toMatchObject({ sha256: first.sha256, bytes: length });
    }
    expect(await digestsIn(store)).toHaveLength(2);
  });
  verifier.verifies('put.at-once', async (store) => {
    for (const length of [100, 100_000]) {
      const bytes = bytesOf(4, length);
      const held = await Promise.all(Array.from({ length: 20 }, () => store.put(bytes)));
      expect(new Set(held.map(({ sha256 }) => sha256))).toEqual(new Set([sha256Of(bytes)]));
      expect((await readAll(store, sha256Of(bytes))).equals(bytes)).toBe(true);
    }
    expect(await digestsIn(store)).toHaveLength(2);
  });
  verifier.verifies('put.many', async (store) => {
    const all = Array.from({ length: 300 }, (_, number) => bytesOf(number, number % 10 === 0 ? 70_000 : 500 + number));
    const held = await Promise.all(all.map((bytes) => store.put(bytes)));
    expect(await digestsIn(store)).toEqual(held.map(({ sha256 }) => sha256).sort());
    for (const bytes of all) expect((await readAll(store, sha256Of(bytes))).equals(bytes)).toBe(true);
  });
  verifier.verifies('put.max-bytes', async (store) => {
    let left = false;
    const endless = async function* (): AsyncGenerator<Buffer> {
      try {
        while (true) yield Buffer.alloc(60_000);
      } finally {
        left = true;
      }
    };
    for (const maxBytes of [100, 200_000]) {
      left = false;
      expect(await codeOf(store.put(endless(), { maxBytes }))).toBe('EXHAUSTED');
      await expect.poll(() => left).toBe(true);
    }
    using exact = await store.put(bytesOf(5, 100), { maxBytes: 100 });
    expect(await digestsIn(store)).toEqual([exact.sha256]);
  });
  verifier.verifies('put.source-throws', async (store) => {
    const mine = Object.assign(new Error('mine'), { code: 'ENOENT' });
    for (const before of [0, 1, 5]) {
      const broken = async function* (): AsyncGenerator<Buffer> {
        for (let count = 0; count < before; count += 1) yield Buffer.alloc(60_000, count);
        throw mine;
      };
      await expect(store.put(broken())).rejects.toBe(mine);
    }
    expect(await digestsIn(store)).toEqual([]);
  });
  verifier.verifies('put.no-bytes', async (store) => {
    const texts = async function* (): AsyncGenerator {
      yield Buffer.alloc(70_000);
      yield 'text';
    };
    // oxlint-disable-next-line no-unsafe-type-assertion -- what a caller without types gives
    for (const source of [texts(), 'text', 5, null, undefined, ['text']] as unknown as Uint8Array[]) {
      expect(await codeOf(store.put(source))).toBe('INVALID_ARGUMENT');
    }
    expect(await digestsIn(store)).toEqual([]);
  });
  verifier.verifies('put.signal', async (store) => {
    for (const before of [0, 3]) {
      const silent = async function* (): AsyncGenerator<Buffer> {
        for (let count = 0; count < before; count += 1) yield Buffer.alloc(60_000);
        await new Promise(() => undefined);
      };
      const leaving = new AbortController();
      const putting = codeOf(store.put(silent(), { signal: leaving.signal }));
      leaving.abort();
      expect(await putting).toBe('CANCELLED');
    }
    expect(await codeOf(store.put(bytesOf(6, 10), { signal: AbortSignal.abort() }))).toBe('CANCELLED');
    expect(await digestsIn(store)).toEqual([]);
  });
}
