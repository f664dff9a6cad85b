import { expect } from 'vitest';
import { bytesOf, codeOf, digestsIn, lengths, putAndLetGo, readAll, sha256Of, type Verifier } from './suite.ts';

export function removeCases(verifier: Verifier): void {
  verifier.verifies('remove.gone', async (store) => {
    const stored = [];
    for (const length of lengths) stored.push(await putAndLetGo(store, bytesOf(12, length)));
    const wanted = [...stored, ...stored, sha256Of(Buffer.from('nothing'))];
    const removed = await store.remove(wanted);
    expect(removed.map(({ sha256 }) => sha256).sort()).toEqual([...stored].sort());
    expect(removed.map(({ bytes }) => bytes).sort((a, b) => a - b)).toEqual([...lengths]);
    expect(await digestsIn(store)).toEqual([]);
    for (const sha256 of stored) expect(await codeOf(readAll(store, sha256))).toBe('NOT_FOUND');
    expect(await store.remove(stored)).toEqual([]);
  });
  verifier.verifies('remove.held', async (store) => {
    for (const length of [100, 100_000]) {
      const first = await store.put(bytesOf(13, length));
      const second = await store.put(bytesOf(13, length));
      first[Symbol.dispose]();
      first[Symbol.dispose]();
      expect(await store.remove([first.sha256])).toEqual([]);
      expect((await readAll(store, first.sha256)).length).toBe(length);
      second[Symbol.dispose]();
      expect(await store.remove([first.sha256])).toEqual([{ sha256: first.sha256, bytes: length }]);
    }
  });
  verifier.verifies('remove.kept', async (store) => {
    for (const length of [4096, 70_000]) {
      const contents = [0, 1, 2, 3].map((seed) => bytesOf(seed, length));
      const [held, kept, gone, other] = await Promise.all(contents.map((bytes) => store.put(bytes)));
      for (const content of [kept, gone, other]) content?.[Symbol.dispose]();
      const digests = [held, kept, gone].map((content) => content?.sha256 ?? '');
      const asked: string[] = [];
      const isKept = (sha256: string): boolean => {
        asked.push(sha256);
        return sha256 === kept?.sha256;
      };
      const removed = await store.remove([...digests, sha256Of(bytesOf(99, length))], { isKept });
      expect(removed.map(({ sha256 }) => sha256)).toEqual([gone?.sha256]);
      expect(new Set(asked)).toEqual(new Set([kept?.sha256, gone?.sha256]));
      for (const content of [held, kept, other]) expect(await store.stat(content?.sha256 ?? '')).toBeDefined();
      held?.[Symbol.dispose]();
    }
  });
  verifier.verifies('remove.others', async (store) => {
    const all = Array.from({ length: 120 }, (_, number) => bytesOf(number, number % 20 === 0 ? 70_000 : 300 + number));
    for (const held of await Promise.all(all.map((bytes) => store.put(bytes)))) held[Symbol.dispose]();
    const gone = all.filter((_, number) => number % 3 === 0);
    await store.remove(gone.map(sha256Of));
    const left = all.filter((_, number) => number % 3 !== 0);
    expect(await digestsIn(store)).toEqual(left.map(sha256Of).sort());
    for (const bytes of left) expect((await readAll(store, sha256Of(bytes))).equals(bytes)).toBe(true);
  });
  verifier.verifies('remove.again', async (store) => {
    for (const length of lengths) {
      const bytes = bytesOf(14, length);
      for (let turn = 0; turn < 3; turn += 1) {
        const sha256 = await putAndLetGo(store, bytes);
        expect((await readAll(store, sha256)).equals(bytes)).toBe(true);
        expect(await store.remove([sha256])).toHaveLength(1);
      }
    }
  });
  verifier.verifies('remove.beside-put', async (store) => {
    const kept = [100, 5000, 70_000, 300_000].map((length) => bytesOf(15, length));
    const digests = kept.map(sha256Of);
    for (let turn = 0; turn < 20; turn += 1) {
      for (const bytes of kept) await putAndLetGo(store, bytes);
      const puts = kept.map((bytes) => store.put(bytes));
      const [removed] = await Promise.all([store.remove(digests), store.remove(digests.toReversed())]);
      expect(removed.length).toBeLessThanOrEqual(kept.length);
      const held = await Promise.all(puts);
      for (const bytes of kept) expect((await readAll(store, sha256Of(bytes))).equals(bytes)).toBe(true);
      for (const each of held) each[Symbol.dispose]();
    }
  });
}

export function closeCases(verifier: Verifier): void {
  verifier.verifies('close.waits', async (store) => {
    const puts = Array.from({ length: 20 }, (_, number) => store.put(bytesOf(number, 50 + number * 10_000)));
    await store.close();
    expect(new Set((await Promise.all(puts)).map(({ sha256 }) => sha256)).size).toBe(20);
  });
  verifier.verifies('close.after', async (store) => {
    const sha256 = await putAndLetGo(store, bytesOf(16, 10));
    await store.close();
    for (const call of [
      () => store.put(bytesOf(16, 10)),
      () => store.stat(sha256),
      () => readAll(store, sha256),
      () => digestsIn(store),
      () => store.remove([sha256]),
    ]) {
      expect(await codeOf(call()), String(call)).toBe('UNAVAILABLE');
    }
  });
  verifier.verifies('close.repeatable', async (store) => {
    await Promise.all([store.close(), store.close()]);
    await store.close();
  });
}

export function reopenCases(verifier: Verifier): void {
  verifier.verifies('reopen.contents', async (store, subject) => {
    const all = Array.from({ length: 60 }, (_, number) => bytesOf(number, number % 7 === 0 ? 100_000 : number * 50));
    let opened = store;
    for (const [number, bytes] of all.entries()) {
      await putAndLetGo(opened, bytes);
      if (number % 20 !== 19) continue;
      await opened.close();
      opened = await subject.open();
    }
    expect(await digestsIn(opened)).toEqual(all.map(sha256Of).sort());
    for (const bytes of all) expect((await readAll(opened, sha256Of(bytes))).equals(bytes)).toBe(true);
    for (const bytes of all) await putAndLetGo(opened, bytes);
    expect(await digestsIn(opened)).toHaveLength(all.length);
  });
  verifier.verifies('reopen.removed', async (store, subject) => {
    const all = Array.from({ length: 30 }, (_, number) => bytesOf(number, number % 7 === 0 ? 100_000 : 1 + number));
    for (const bytes of all) await putAndLetGo(store, bytes);
    await store.remove(all.slice(0, 20).map(sha256Of));
    await store.close();
    expect(await digestsIn(await subject.open())).toEqual(all.slice(20).map(sha256Of).sort());
  });
}
