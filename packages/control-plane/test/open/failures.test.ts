import { mkdir, rm } from 'node:fs/promises';
import { memoryRuntime } from '@runtime/conformance/memory-runtime';
import { expect, it } from 'vitest';
import { connectControlPlane, socketPath } from '../../src/index.ts';
import { faultyFs } from '../support/faulty-fs.ts';
import { makePlaces, openPlane } from '../support/planes.ts';

it('an opening that fails half way leaves no file open', async () => {
  await using places = await makePlaces();
  const { fs, faults } = faultyFs();
  const taken = await socketPath(places.dataDir);
  await mkdir(taken, { recursive: true, mode: 0o700 });
  try {
    await expect(openPlane(places, { adapters: [memoryRuntime()], listen: true, logFs: fs })).rejects.toThrow();
    expect(faults.open).toBe(0);
  } finally {
    await rm(taken, { recursive: true });
  }
  await using plane = await openPlane(places, { adapters: [memoryRuntime()], listen: true });
  expect((await plane.info()).clients).toBe(0);
});

it('a log that cannot be closed does not keep the lock', async () => {
  await using places = await makePlaces();
  const { fs, faults } = faultyFs();
  const first = await openPlane(places, { adapters: [memoryRuntime()], logFs: fs });
  faults.failCloses = true;
  await first.close().catch(() => undefined);
  await using second = await openPlane(places, { adapters: [memoryRuntime()] });
  expect(await second.tasks()).toEqual([]);
});

it('a log that fails while an instruction is sent closes the plane and does not end its host', async () => {
  await using places = await makePlaces();
  const { fs, faults } = faultyFs();
  const plane = await openPlane(places, {
    adapters: [memoryRuntime()],
    logFs: fs,
    failpoint: (name) => {
      if (name === 'append.before:instruction.sending') faults.failSyncs = 1;
    },
  });
  await plane.submit({ prompt: 'go', workspace: places.workspace });
  expect(await plane.closed).toMatchObject({ code: 'UNAVAILABLE', details: { poisoned: true } });
  await plane.close();
});

it('every client in the same process learns that the plane has closed', async () => {
  await using places = await makePlaces();
  const owner = await openPlane(places, { adapters: [memoryRuntime()] });
  const client = await connectControlPlane({ dataDir: places.dataDir });
  await owner.close();
  expect(await owner.closed).toBeUndefined();
  expect(await client.closed).toMatchObject({ code: 'UNAVAILABLE' });
});
