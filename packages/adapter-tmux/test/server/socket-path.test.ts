import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { runName, socketPath } from '../../src/server/socket-path.ts';

test('the same directory has the same name by whatever path it is reached', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'sock-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  await mkdir(join(dir, 'run'));
  await symlink(join(dir, 'run'), join(dir, 'alias'));
  expect(await runName(join(dir, 'alias'))).toBe(await runName(join(dir, 'run')));
  expect(await runName(dir)).not.toBe(await runName(join(dir, 'run')));
});

test('a socket has the name of its run', async () => {
  expect(basename(await socketPath('abc'))).toBe('t-abc');
});
