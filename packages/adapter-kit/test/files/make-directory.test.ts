import { mkdir, mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { makeDirectory } from '../../src/files/make-directory.ts';

async function place(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'make-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

test('every directory that is missing is made, private, and those that are there stay as they are', async () => {
  const dir = await place();
  await mkdir(join(dir, 'a'), { mode: 0o755 });
  await makeDirectory(join(dir, 'a/b/c'));
  expect((await stat(join(dir, 'a'))).mode & 0o777).toBe(0o755);
  for (const made of ['a/b', 'a/b/c']) expect((await stat(join(dir, made))).mode & 0o777).toBe(0o700);
  await Promise.all(Array.from({ length: 20 }, () => makeDirectory(join(dir, 'x/y/z'))));
  await makeDirectory('/');
});

test('what is in the way is named, and nothing is tried for ever', async () => {
  const dir = await place();
  await writeFile(join(dir, 'file'), '');
  await symlink(join(dir, 'nowhere'), join(dir, 'link'));
  await expect(makeDirectory(join(dir, 'file'))).rejects.toMatchObject({ code: 'ENOTDIR' });
  await expect(makeDirectory(join(dir, 'file/below'))).rejects.toMatchObject({ code: 'ENOTDIR' });
  await expect(makeDirectory(join(dir, 'link'))).rejects.toMatchObject({ code: 'EEXIST' });
});

test.skipIf(process.platform !== 'linux')('below /proc it fails at once', async () => {
  await expect(makeDirectory('/proc/nope/deep/down')).rejects.toMatchObject({ code: 'ENOENT' });
});
