import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { spawn } from 'node:child_process';
import { memoryRuntime } from '@runtime/conformance/memory-runtime';
import type { ControlPlane } from '@runtime/contracts';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { connectControlPlane, fifo, openReadOnlyPlane } from '../../src/index.ts';
import { eventsOf, makePlaces, openPlane, typesOf, type Places } from '../support/planes.ts';

const adapters = [memoryRuntime({ script: () => [{ do: 'hang' }] })];

const submit = async (plane: ControlPlane, { workspace }: Places): Promise<string> =>
  (await plane.submit({ prompt: 'x', workspace, shareWorkspace: true })).id;

/** A data directory whose owner has left two running tasks and a queued one. */
async function leaveThree(places: Places): Promise<readonly [string, string, string]> {
  await using plane = await openPlane(places, { adapters, scheduler: fifo({ concurrency: 2 }) });
  const ids = [await submit(plane, places), await submit(plane, places), await submit(plane, places)] as const;
  for (const id of ids.slice(0, 2)) {
    for await (const event of plane.task(id).events()) if (event.type === 'turn.started') break;
  }
  return ids;
}

const open = (places: Places): Promise<ControlPlane> => openPlane(places, { adapters, brief: true });

it('a brief owner ends the task that it is asked to end, and leaves every other as it was', async () => {
  await using places = await makePlaces();
  const [first, second, queued] = await leaveThree(places);
  await using files = await openReadOnlyPlane({ dataDir: places.dataDir });
  const before = await Promise.all([second, queued].map((id) => eventsOf(files, id)));
  await using plane = await open(places);
  await plane.task(first).cancel({ by: 'test' });
  expect(await plane.task(first).outcome()).toEqual({ status: 'cancelled' });
  await plane.task(queued).status();
  expect(await Promise.all([second, queued].map((id) => eventsOf(plane, id)))).toEqual(before);
  expect((await plane.info()).unfinished).toBe(2);
  await plane.close();
  await using next = await openPlane(places, { adapters });
  await next.task(second).cancel();
  expect(await next.task(second).outcome()).toEqual({ status: 'cancelled' });
  expect(typesOf(await eventsOf(next, second))).toContain('run.reattached');
  await next.task(queued).cancel();
  await next.task(queued).outcome();
});

it('a brief owner ends a queued task without a start, though the task is the only one', async () => {
  await using places = await makePlaces();
  const [first, second, queued] = await leaveThree(places);
  await using plane = await open(places);
  for (const id of [queued, first, second]) {
    await plane.task(id).cancel();
    await plane.task(id).outcome();
  }
  expect(typesOf(await eventsOf(plane, queued))).not.toContain('run.starting');
});

it('others are told that a brief owner lets go by itself, and are not told to give up', async () => {
  await using places = await makePlaces();
  await using _plane = await open(places);
  await expect(connectControlPlane({ dataDir: places.dataDir })).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  const record = join(places.dataDir, 'owner.json');
  expect(JSON.parse(await readFile(record, 'utf8'))).toMatchObject({ pid: process.pid, brief: true });
  // As it is seen by another process than the owner.
  const other = spawn('sleep', ['100']);
  try {
    const stat = await readFile(`/proc/${other.pid}/stat`, 'utf8').catch(() => '');
    const startTime = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
    const of = z.looseObject({}).parse(JSON.parse(await readFile(record, 'utf8')));
    await writeFile(record, JSON.stringify({ ...of, pid: other.pid, ...(startTime ? { startTime } : {}) }));
    await expect(connectControlPlane({ dataDir: places.dataDir })).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      retry: 'here',
      rawMessage: expect.stringContaining('for a moment'),
      hint: expect.stringContaining('again in a moment'),
      details: { owner: { pid: other.pid } },
    });
  } finally {
    other.kill('SIGKILL');
    await once(other, 'exit');
  }
});

it('a brief owner cannot serve a socket', async () => {
  await using places = await makePlaces();
  await expect(openPlane(places, { adapters, brief: true, listen: true })).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
  });
});
