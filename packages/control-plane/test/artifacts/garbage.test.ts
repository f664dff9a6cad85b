import { join } from 'node:path';
import { memoryArtifactStore, openArtifactStore } from '@runtime/artifacts';
import { memoryRuntime } from '@runtime/conformance/memory-runtime';
import type { ControlPlane } from '@runtime/contracts';
import { memoryEventLog } from '@runtime/event-log';
import { expect, it } from 'vitest';
import { collectGarbage } from '../../src/artifacts/collect-garbage.ts';
import { WatchedStore } from '../../src/store/watched-store.ts';
import { openReadOnlyPlane } from '../../src/index.ts';
import { makePlaces, openPlane, socketClient, type Places } from '../support/planes.ts';
import { textOf } from '../support/text-of.ts';

/** What an owner leaves that died before it named what it had stored. */
async function leave({ dataDir }: Places, ...texts: readonly string[]): Promise<void> {
  const store = await openArtifactStore({ dir: join(dataDir, 'artifacts') });
  for (const text of texts) (await store.put(Buffer.from(text)))[Symbol.dispose]();
  await store.close();
}

async function textsOf(plane: ControlPlane, id: string): Promise<string[]> {
  const texts: string[] = [];
  for await (const artifact of plane.task(id).artifacts()) texts.push(await textOf(artifact.body()));
  return texts;
}

const adapter = memoryRuntime({ script: ({ text }) => [{ do: 'write', path: `${text}.md`, text }] });

it('what no task names is removed, and what one names stays', async () => {
  await using places = await makePlaces();
  await (await openPlane(places, { adapters: [adapter] })).close();
  await leave(places, 'kept', 'left over', 'x'.repeat(100_000));
  await using plane = await openPlane(places, { adapters: [adapter], listen: true });
  await using client = await socketClient(places);
  const task = await plane.submit({ prompt: 'kept', workspace: places.workspace, deliverables: [{ glob: '*.md' }] });
  expect(await task.outcome()).toEqual({ status: 'succeeded' });
  const report = { removed: 2, removedBytes: 100_009, kept: 1, keptBytes: 4 };
  expect(await client.collectGarbage({ dryRun: true })).toEqual(report);
  expect(await plane.collectGarbage({ dryRun: true }), 'nothing was removed').toEqual(report);
  expect(await client.collectGarbage()).toEqual(report);
  expect(await client.collectGarbage()).toEqual({ removed: 0, removedBytes: 0, kept: 1, keptBytes: 4 });
  expect(await textsOf(client, task.id)).toEqual(['kept']);
  await expect(plane.collectGarbage({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'CANCELLED' });
  await plane.close();
  await using reader = await openReadOnlyPlane({ dataDir: places.dataDir });
  await expect(reader.collectGarbage()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
});

it('what tasks store while garbage is collected stays, also where it had been garbage before', async () => {
  await using places = await makePlaces();
  await (await openPlane(places, { adapters: [adapter] })).close();
  const names = Array.from({ length: 40 }, (_, at) => `n${at}`);
  await leave(places, ...names, 'left over');
  await using plane = await openPlane(places, { adapters: [adapter] });
  const over = new AbortController();
  const collecting = (async () => {
    let removed = 0;
    while (!over.signal.aborted) removed += (await plane.collectGarbage()).removed;
    return removed;
  })();
  const ids = await Promise.all(
    names.map(async (name) => {
      const deliverables = [{ glob: `${name}.md` }];
      const request = { prompt: name, workspace: places.workspace, deliverables, shareWorkspace: true };
      const task = await plane.submit(request);
      expect(await task.outcome()).toEqual({ status: 'succeeded' });
      return task.id;
    }),
  );
  over.abort();
  expect(await collecting).toBeGreaterThan(0);
  for (const [at, id] of ids.entries()) expect(await textsOf(plane, id)).toEqual([names[at]]);
});

it('what was garbage when the log was read, and was stored again since, stays', async () => {
  const log = memoryEventLog();
  const memory = memoryArtifactStore();
  const bytes = Buffer.from('left over');
  const before = await memory.put(bytes);
  const { sha256 } = before;
  const gone = await memory.put(Buffer.from('really left over'));
  // Nobody holds them any more: it is as if their owner had died.
  for (const content of [before, gone]) content[Symbol.dispose]();
  let isLooking = false;
  const store: WatchedStore = new WatchedStore({
    put: (...call) => memory.put(...call),
    stat: (...call) => memory.stat(...call),
    read: (...call) => memory.read(...call),
    remove: (...call) => memory.remove(...call),
    close: () => memory.close(),
    async *contents() {
      // The log was read before.
      isLooking = true;
      const held = await store.put(bytes);
      const artifact = { name: 'a', sha256, bytes: bytes.length, mediaType: 'text/plain' };
      await log.append('task/task-1', [{ type: 'artifact.stored', artifact, origin: 'deliverable' }]);
      held[Symbol.dispose]();
      yield* memory.contents();
    },
  });
  expect(await collectGarbage(log, store, { dryRun: false })).toMatchObject({ removed: 1, kept: 1 });
  expect(isLooking).toBe(true);
  expect(await memory.stat(sha256)).toBeDefined();
  expect(await memory.stat(gone.sha256)).toBeUndefined();
});
