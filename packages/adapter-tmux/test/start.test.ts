import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { tmux } from '../src/index.ts';
import { Stage, countAll, eventually, readAll, recordOf } from './support/stage.ts';

test('a run that was read to its end leaves neither process nor socket', async () => {
  await using stage = await Stage.open();
  const { session, handle } = await stage.bash('echo done');
  await readAll(session);
  expect(await countAll(handle)).toBe(0);
  expect(existsSync((await recordOf(handle)).socket)).toBe(false);
});

test('a run that was stopped, or reaped by another adapter, leaves neither', async () => {
  await using stage = await Stage.open();
  const stopped = await stage.bash('echo up; sleep 600');
  const reaped = await stage.bash('echo up; sleep 600');
  await stopped.session.stop({ graceMs: 300 });
  await tmux({ command: ['other'] }).reap(reaped.handle);
  for (const { handle } of [stopped, reaped]) {
    expect(await countAll(handle)).toBe(0);
    expect(existsSync((await recordOf(handle)).socket)).toBe(false);
  }
});

test('a process that has the pid of a recorder that is gone is left alone', async () => {
  await using stage = await Stage.open();
  const { session, handle } = await stage.bash('echo done');
  await readAll(session);
  const file = join(handle.runDir, 'recorder.pid');
  const stranger = spawn('sleep', ['600'], { stdio: 'ignore' });
  try {
    await writeFile(file, (await readFile(file, 'utf8')).replace(/^\d+/, String(stranger.pid)));
    await session.stop();
    await tmux({ command: ['other'] }).reap(handle);
    expect(await readFile(`/proc/${stranger.pid}/stat`, 'utf8')).toContain('(sleep) S');
  } finally {
    stranger.kill('SIGKILL');
  }
});

test('a terminal that nobody comes back to is closed by itself after its time', async () => {
  await using stage = await Stage.open();
  const launch = await stage.launch('go');
  await stage.start({ command: ['bash', '-c', 'exit 6', '{prompt}'], lingerMs: 1000 }, launch);
  expect(await countAll(launch.handle)).toBeGreaterThan(0);
  await eventually('all is gone', async () => (await countAll(launch.handle)) === 0);
  const found = await tmux({ command: ['true'] }).recover(launch.handle);
  expect(found.status).toBe('ended');
  if (found.status === 'ended') expect(await found.session.stop()).toEqual({ kind: 'exited', code: 6 });
});

test('a start that cannot write its files is UNAVAILABLE', async () => {
  await using stage = await Stage.open();
  const launch = await stage.launch('go');
  await mkdir(join(launch.handle.runDir, 'holder.sh'));
  await expect(stage.start({ command: ['true', '{prompt}'] }, launch)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
});

test('a start that fails leaves nothing, and says why', async () => {
  await using stage = await Stage.open();
  const missing = await stage.launch('go');
  await expect(stage.start({ command: ['no-such-program', '{prompt}'] }, missing)).rejects.toMatchObject({
    code: 'NOT_FOUND',
  });
  const nowhere = await stage.launch('go');
  const workspace = join(stage.dir, 'nowhere');
  await expect(stage.start({ command: ['true', '{prompt}'] }, { ...nowhere, workspace })).rejects.toMatchObject({
    code: 'NOT_FOUND',
  });
  const early = await stage.launch('go');
  await expect(stage.start({ command: ['bash', '-c', 'exit 3'] }, early)).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
  });
  for (const { handle } of [missing, nowhere, early]) expect(await countAll(handle)).toBe(0);
  expect(existsSync((await recordOf(early.handle)).socket)).toBe(false);
});

test('an agent that ends before it takes input is the fault of its command, with its exit code and its last words', async () => {
  await using stage = await Stage.open();
  const launch = await stage.launch('go', { secrets: ['s3cret-value'] });
  const refused = join(stage.dir, 'refused');
  await writeFile(refused, '#!/bin/sh -Z\n', { mode: 0o755 });
  await expect(stage.start({ command: [refused], prompt: 'paste' }, launch)).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: expect.stringMatching(/exit code 2\).*Illegal option -Z|exit code [12]\).*invalid option/s),
    hint: expect.not.stringContaining('readyTimeoutMs'),
  });
  const telling = await stage.launch('go', { secrets: ['s3cret-value'] });
  const tells = { command: ['sh', '-c', 'echo "no key s3cret-value" >&2; exit 1'], prompt: 'paste' } as const;
  await expect(stage.start(tells, telling)).rejects.toMatchObject({
    message: expect.stringMatching(/exit code 1\); the last it showed: no key \*+$/),
  });
  const killed = await stage.launch('go');
  const dies = { command: ['sh', '-c', 'kill -KILL $$'], prompt: 'paste' } as const;
  await expect(stage.start(dies, killed)).rejects.toMatchObject({
    code: 'UNAVAILABLE',
    message: expect.stringContaining('ended by SIGKILL'),
  });
});

test('an agent that is known to be slow is given as much longer as the plane says, and the hint names the setting', async () => {
  await using stage = await Stage.open();
  const launch = { ...(await stage.launch('go')), patience: 3 };
  const options = { command: ['cat'], prompt: 'paste', readyPattern: 'never shown', readyTimeoutMs: 100 } as const;
  await expect(stage.start(options, launch)).rejects.toMatchObject({
    code: 'UNAVAILABLE',
    message: expect.stringContaining('within 300 ms'),
    hint: expect.stringContaining('readyTimeoutMs'),
  });
  expect(await countAll(launch.handle)).toBe(0);
});
