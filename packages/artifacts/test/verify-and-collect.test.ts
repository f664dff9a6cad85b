import { bytesOf, digestsIn, putAndLetGo, sha256Of } from '@runtime/conformance/artifact-store';
import { FaultFs } from '@runtime/conformance/event-log';
import { expect, test } from 'vitest';
import { collectGarbage, memoryArtifactStore, openArtifactStore, verifyArtifacts } from '../src/index.ts';

test('a verification names every content, and what is wrong with those that have changed', async () => {
  const disk = new FaultFs();
  const store = await openArtifactStore({ dir: '/a', fs: disk });
  const fine = [await putAndLetGo(store, bytesOf(1, 100)), await putAndLetGo(store, bytesOf(2, 100_000))];
  const changed = await putAndLetGo(store, bytesOf(3, 100_000));
  await store.close();
  const path = `/a/sha256/${changed.slice(0, 2)}/${changed.slice(2)}`;
  const image = new Map([...disk.image(), [path, bytesOf(4, 100_000)]]);
  const again = await openArtifactStore({ dir: '/a', fs: new FaultFs(image) });
  const found = new Map<string, unknown>();
  for await (const { sha256, bytes, problem } of verifyArtifacts(again)) found.set(sha256, [bytes, problem?.code]);
  expect(found).toEqual(
    new Map<string | undefined, unknown>([
      [fine[0], [100, undefined]],
      [fine[1], [100_000, undefined]],
      [changed, [100_000, 'DATA_CORRUPT']],
    ]),
  );
  const verifying = verifyArtifacts(again, { signal: AbortSignal.abort() }).next();
  await expect(verifying).rejects.toMatchObject({ code: 'CANCELLED' });
});

test('a collection removes what nothing names, after it has said what that would be', async () => {
  const store = memoryArtifactStore();
  const [named, unnamed] = [bytesOf(1, 10), bytesOf(2, 200)];
  for (const bytes of [named, unnamed]) await putAndLetGo(store, bytes);
  using held = await store.put(bytesOf(3, 3000));
  const isKept = (sha256: string): boolean => sha256 === sha256Of(named);
  const would = await collectGarbage(store, { isKept, dryRun: true });
  expect(would).toMatchObject({ removedBytes: 3200, kept: 1, keptBytes: 10 });
  expect(await digestsIn(store)).toHaveLength(3);
  const did = await collectGarbage(store, { isKept });
  expect(did).toEqual({
    removed: [{ sha256: sha256Of(unnamed), bytes: 200 }],
    removedBytes: 200,
    kept: 1,
    keptBytes: 10,
  });
  expect(await digestsIn(store)).toEqual([held.sha256, sha256Of(named)].sort());
});
