import { existsSync } from 'node:fs';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inspectRun, readExitRecord } from '@runtime/adapter-kit/run';
import { expect, test } from 'vitest';
import { Stage, countAll, eventually, readAll, readNow, shown } from '../support/stage.ts';

test('a run whose directory is moved while the agent works is spoken to, read and ended where it is now', async () => {
  await using stage = await Stage.open();
  const launch = await stage.launch('one');
  const script = 'while read line; do echo "got $line"; [ "$line" != two ] || exit 5; done';
  const options = { command: ['bash', '-c', script], prompt: 'paste' } as const;
  const first = await stage.start(options, launch);
  await eventually('it answers', async () => shown(await readNow(first)).includes('got one'));
  await first[Symbol.asyncDispose]();
  const moved = join(stage.dir, 'moved', 'run');
  await mkdir(join(stage.dir, 'moved'), { mode: 0o700 });
  await rename(launch.handle.runDir, moved);
  const handle = { ...launch.handle, runDir: moved };
  const found = await stage.adapter(options, { ...launch, handle }).recover(handle);
  if (found.status !== 'live') throw new Error(found.status);
  const reading = readAll(found.session);
  await found.session.send({ id: 'i-2', mode: 'steer', parts: [{ type: 'text', text: 'two' }] });
  const events = await reading;
  expect(shown(events)).toContain('got one');
  expect(shown(events)).toContain('got two');
  expect(events.at(-1)).toMatchObject({ type: 'turn.ended', outcome: { code: 'exit_code', message: 'exit code 5' } });
  expect((await readExitRecord(moved))?.exit).toEqual({ kind: 'exited', code: 5 });
  expect(await countAll(handle)).toBe(0);
  expect(existsSync(launch.handle.runDir), 'nothing is made again where it was').toBe(false);
});

test('a run whose records the agent removed is never said not to have begun', async () => {
  await using stage = await Stage.open();
  const go = join(stage.dir, 'go');
  const launch = await stage.launch('go');
  const script = `until [ -e ${go} ]; do sleep 0.05; done; find "$1" -type f -delete; exit 4`;
  await stage.start({ command: ['bash', '-c', script, '{prompt}', launch.handle.runDir] }, launch);
  await writeFile(go, '');
  await eventually('its exit is recorded', () => readExitRecord(launch.handle.runDir).then(Boolean));
  expect(await inspectRun(launch.handle)).toMatchObject({ state: 'ended', began: true, exit: { code: 4 } });
});

test.each([
  ['after it has begun to read', 1],
  ['from the beginning', 0],
])('whoever reads a run at its former path %s breaks off, and its agent works on', async (_, begun) => {
  await using stage = await Stage.open();
  const go = join(stage.dir, 'go');
  const launch = await stage.launch('go');
  const script = `until [ -e ${go} ]; do sleep 0.05; done; exit 6`;
  const first = await stage.start({ command: ['bash', '-c', script] }, launch);
  const batches = first.events()[Symbol.asyncIterator]();
  for (let read = 0; read < begun; read += 1) expect((await batches.next()).done).toBe(false);
  const moved = join(stage.dir, 'moved', 'run');
  await mkdir(join(stage.dir, 'moved'), { mode: 0o700 });
  await rename(launch.handle.runDir, moved);
  const untilEnd = async (): Promise<void> => {
    while (!(await batches.next()).done);
  };
  await expect(untilEnd()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  expect(await inspectRun({ ...launch.handle, runDir: moved })).toMatchObject({ state: 'live' });
  await writeFile(go, '');
  await eventually('its exit is recorded', () => readExitRecord(moved).then(Boolean));
  expect((await readExitRecord(moved))?.exit).toEqual({ kind: 'exited', code: 6 });
});
