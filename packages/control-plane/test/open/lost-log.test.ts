import { readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { memoryRuntime } from '@runtime/conformance/memory-runtime';
import { AgentRuntimeError } from '@runtime/contracts';
import { expect, it } from 'vitest';
import { openReadOnlyPlane } from '../../src/index.ts';
import { hostile } from '../support/hostile.ts';
import { eventsOf, makePlaces, openPlane, typesOf, type Places } from '../support/planes.ts';

async function oneTask(places: Places): Promise<void> {
  await using plane = await openPlane(places, { adapters: [memoryRuntime()] });
  const task = await plane.submit({ prompt: 'go', workspace: places.workspace });
  await task.outcome();
}

async function removeSegments(dataDir: string): Promise<void> {
  const log = join(dataDir, 'log');
  for (const name of await readdir(log)) if (name.endsWith('.jsonl')) await rm(join(log, name));
}

it.each([
  ['the segments', removeSegments],
  ['the whole log', (dataDir: string) => rm(join(dataDir, 'log'), { recursive: true })],
])('a data directory that has lost %s is refused, again and again, and read-only too', async (_, lose) => {
  await using places = await makePlaces();
  await oneTask(places);
  await lose(places.dataDir);
  for (let tries = 0; tries < 2; tries += 1) {
    await expect(openPlane(places, { adapters: [memoryRuntime()] })).rejects.toMatchObject({
      code: 'DATA_CORRUPT',
      hint: expect.stringContaining('restore'),
    });
    await expect(openReadOnlyPlane({ dataDir: places.dataDir })).rejects.toMatchObject({ code: 'DATA_CORRUPT' });
  }
});

it.each([
  ['its segments are removed', removeSegments],
  ['its data directory is renamed', (dataDir: string) => rename(dataDir, `${dataDir}-moved`)],
])('a plane closes by itself, and acknowledges nothing, when %s', async (_, lose) => {
  await using places = await makePlaces();
  const plane = await openPlane(places, { adapters: [memoryRuntime()] });
  await lose(places.dataDir);
  expect(await plane.closed).toMatchObject({ code: 'DATA_CORRUPT', details: { poisoned: true } });
  await expect(plane.submit({ prompt: 'go', workspace: places.workspace })).rejects.toThrow();
  await plane.close().catch(() => undefined);
});

it.each([
  ['a source that breaks off', 'events'],
  ['a start that fails', 'start'],
] as const)('a plane whose data directory is moved ends no agent for %s, and records no end', async (_, where) => {
  await using places = await makePlaces();
  const ended: string[] = [];
  const moved = `${places.dataDir}-moved`;
  // As an adapter that looks for the files of a run where they were.
  const lose = async (): Promise<never> => {
    await rename(places.dataDir, moved);
    throw new AgentRuntimeError('UNAVAILABLE', 'the run directory is not there');
  };
  const adapter = hostile(
    { script: () => [{ do: 'hang' }] },
    {
      adapter: (inner) => ({
        reap: async () => void ended.push('reap'),
        ...(where === 'start' ? { start: (launch, call) => inner.start(launch, call).then(lose) } : {}),
      }),
      session: (session) => ({
        stop: async () => {
          ended.push('stop');
          return { kind: 'unknown', why: 'stopped' };
        },
        ...(where === 'events'
          ? {
              events: async function* (options) {
                for await (const batch of session.events(options)) {
                  yield batch;
                  if (batch.events.some(({ type }) => type === 'turn.started')) await lose();
                }
              },
            }
          : {}),
      }),
    },
  );
  const plane = await openPlane(places, { adapters: [adapter] });
  const { id } = await plane.submit({ prompt: 'go', workspace: places.workspace });
  expect(await plane.closed).toMatchObject({ code: 'DATA_CORRUPT', details: { poisoned: true } });
  await plane.close().catch(() => undefined);
  expect(ended).toEqual([]);
  await using reader = await openReadOnlyPlane({ dataDir: moved });
  const types = typesOf(await eventsOf(reader, id));
  expect(types).toContain('run.starting');
  expect(types.filter((type) => type.endsWith('.ended'))).toEqual([]);
});
