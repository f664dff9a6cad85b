import { readdir } from 'node:fs/promises';
import { isAlive } from '@runtime/adapter-kit/process';
import { readHolderRecord } from '@runtime/adapter-kit/run';
import { expect, inject, test } from 'vitest';
import { local } from '../src/index.ts';
import { launchOf, readAll, run, textOf } from './support/stage.ts';

test('of an ended run that was reaped, what recovery and people read is left, and nothing else', async () => {
  const command = ['/bin/sh', '-c', 'cat; echo oh >&2; exit 3'];
  const { launch, stdout, stderr } = await run({ command }, 'go');
  const adapter = local({ command });
  await adapter.reap(launch.handle);
  const left = ['claim', 'exit.json', 'holder.json', 'launch.json', 'stderr.log', 'stdout.log'];
  expect((await readdir(launch.handle.runDir)).sort()).toEqual(left);
  const found = await adapter.recover(launch.handle);
  expect(found.status).toBe('ended');
  if (!('session' in found)) return;
  const events = (await readAll(found.session)).flatMap((batch) => batch.events);
  expect([textOf(events, 'stdout'), textOf(events, 'stderr')]).toEqual([stdout, stderr]);
  expect(events.at(-1)).toMatchObject({ type: 'turn.ended', outcome: { status: 'failed', code: 'exit_code' } });
  expect(await found.session.stop()).toEqual({ kind: 'exited', code: 3 });
});

test('it cannot be started again, and no other prompt gets into it', async () => {
  const command = ['/bin/sh', '-c', 'exit 0'];
  const { launch } = await run({ command }, 'go');
  const adapter = local({ command });
  await adapter.reap(launch.handle);
  const before = (await readdir(launch.handle.runDir)).sort();
  await expect(adapter.start(launch)).rejects.toMatchObject({ code: 'CONFLICT' });
  expect((await readdir(launch.handle.runDir)).sort()).toEqual(before);
});

test('of a run without an exit, everything is left', async () => {
  const adapter = local({ command: ['/bin/sh', '-c', 'sleep 600'] });
  const launch = await launchOf('go');
  await adapter.start(launch);
  const record = await readHolderRecord(launch.handle.runDir);
  if (!record) throw new Error('there is no holder');
  process.kill(record.holder.pid, 'SIGKILL');
  const timeout = 20_000 * inject('slowness');
  await expect.poll(() => isAlive(record.agent), { timeout }).toBe(false);
  await adapter.reap(launch.handle);
  expect(await readdir(launch.handle.runDir)).toEqual(expect.arrayContaining(['prompt.txt', '.jobs']));
});
