import { mkdir, mkdtemp, realpath, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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

test('a socket lies in the directory of its run, whatever the environment', async () => {
  const dir = await realpath(await mkdtemp(join(tmpdir(), 'sock-')));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  expect(await socketPath(dir)).toBe(join(dir, 'tmux.sock'));
});
