import { expect } from 'vitest';
import { bytesOf, codeOf, digestsIn, lengths, putAndLetGo, readAll, sha256Of, type Verifier } from './suite.ts';

export function readCases(verifier: Verifier): void {
  verifier.verifies('stat.size', async (store) => {
    for (const length of lengths) {
      const sha256 = await putAndLetGo(store, bytesOf(length, length));
      expect(await store.stat(sha256)).toEqual({ sha256, bytes: length });
    }
    expect(await store.stat(sha256Of(Buffer.from('nothing')))).toBeUndefined();
  });
  verifier.verifies('read.ranges', async (store) => {
    for (const length of lengths) {
      const bytes = bytesOf(length + 1, length);
      const sha256 = await putAndLetGo(store, bytes);
      const middle = Math.floor(length / 2);
      for (const [start, end] of [
        [0, 1],
        [1, 10],
        [middle, middle],
        [middle, middle + 300_000],
        [length, length],
        [Math.max(0, length - 5), undefined],
      ]) {
        if ((start ?? 0) > length) continue;
        const read = await readAll(store, sha256, {
          ...(start === undefined ? {} : { start }),
          ...(end === undefined ? {} : { end }),
        });
        expect(read.equals(bytes.subarray(start, end)), `${start} to ${end} of ${length}`).toBe(true);
      }
    }
  });
  verifier.verifies('read.beyond', async (store) => {
    for (const length of [10, 100_000]) {
      const bytes = bytesOf(7, length);
      const sha256 = await putAndLetGo(store, bytes);
      for (const range of [{ start: length + 1 }, { start: -1 }, { start: 1.5 }, { start: 5, end: 4 }, { end: NaN }]) {
        expect(await codeOf(readAll(store, sha256, range)), JSON.stringify(range)).toBe('INVALID_ARGUMENT');
      }
      expect((await readAll(store, sha256, { start: 3, end: 10 * length })).equals(bytes.subarray(3))).toBe(true);
    }
  });
  verifier.verifies('read.missing', async (store) => {
    expect(await codeOf(readAll(store, sha256Of(Buffer.from('nothing'))))).toBe('NOT_FOUND');
  });
  verifier.verifies('read.no-digest', async (store) => {
    const wrong = ['', 'a', '../../etc/passwd', 'A'.repeat(64), `${'a'.repeat(63)}/`, `${'a'.repeat(64)}\n`];
    for (const text of wrong) {
      expect(await codeOf(readAll(store, text)), text).toBe('INVALID_ARGUMENT');
      expect(await codeOf(store.stat(text)), text).toBe('INVALID_ARGUMENT');
      expect(await codeOf(store.remove([text])), text).toBe('INVALID_ARGUMENT');
    }
  });
  verifier.verifies('read.own', async (store) => {
    for (const length of [100, 600_000]) {
      const bytes = bytesOf(8, length);
      const sha256 = await putAndLetGo(store, bytes);
      for await (const chunk of store.read(sha256)) chunk.fill(0);
      expect((await readAll(store, sha256)).equals(bytes)).toBe(true);
    }
  });
  verifier.verifies('read.left', async (store) => {
    const bytes = bytesOf(9, 1_000_000);
    const sha256 = await putAndLetGo(store, bytes);
    for await (const chunk of store.read(sha256)) {
      expect(bytes.subarray(0, chunk.byteLength).equals(chunk)).toBe(true);
      break;
    }
    expect((await readAll(store, sha256)).equals(bytes)).toBe(true);
  });
  verifier.verifies('read.signal', async (store) => {
    const sha256 = await putAndLetGo(store, bytesOf(10, 2_000_000));
    expect(await codeOf(readAll(store, sha256, { signal: AbortSignal.abort() }))).toBe('CANCELLED');
  });
  verifier.verifies('contents.each', async (store) => {
    const stored = new Map<string, number>();
    for (const length of lengths) stored.set(await putAndLetGo(store, bytesOf(11, length)), length);
    const found = new Map<string, number>();
    for await (const { sha256, bytes } of store.contents()) {
      expect(found.has(sha256)).toBe(false);
      found.set(sha256, bytes);
    }
    expect(found).toEqual(stored);
    expect(await digestsIn(store)).toHaveLength(lengths.length);
  });
}
