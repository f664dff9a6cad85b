import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { makeHandle, makeLaunch } from '../../src/adapter/handles.ts';
import { startElsewhere } from '../../src/adapter/start-elsewhere.ts';
import { memoryHarness } from '../support/memory-harness.ts';

test('another process that a signal ended before it started the run is noticed, and not waited for', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'conformance-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const context = {
    scenario: 'hello',
    dir,
    gate: join(dir, 'gate'),
    child: join(dir, 'child'),
    witness: join(dir, 'witness'),
  } as const;
  const handle = await makeHandle(dir);
  const setup = await memoryHarness({}).make(context);
  const found = await setup.adapter.probe();
  if (found.status !== 'available') throw new Error(found.reason);
  const { capabilities } = found;
  const launch = await makeLaunch(dir, handle);
  const play = { context, setup, adapter: setup.adapter, capabilities, handle, launch };
  const module = new URL('../support/killed-starter.ts', import.meta.url).href;
  await expect(startElsewhere(module, play, 60_000)).rejects.toThrow('the other process ended');
});
