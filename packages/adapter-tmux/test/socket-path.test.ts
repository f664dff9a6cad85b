import { chmod, mkdir, mkdtemp, rm, stat, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runName, socketPath, type SocketPlace } from '../src/socket-path.ts';

let dir: string;
const uid = process.getuid?.() ?? -1;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'sock-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const place = (name: string, fields: Partial<SocketPlace> = {}): SocketPlace => ({
  runtimeDir: undefined,
  tmp: join(dir, name),
  uid,
  ...fields,
});

test('a socket is in a directory that is ours alone', async () => {
  const file = await socketPath('abc', place('plain'));
  expect(file).toBe(join(dir, 'plain', `runtime-${uid}`, 't-abc'));
  expect((await stat(join(file, '..'))).mode & 0o777).toBe(0o700);
});

test('the runtime directory of the session comes first', async () => {
  expect(await socketPath('abc', place('other', { runtimeDir: join(dir, 'xdg') }))).toBe(
    join(dir, 'xdg', 'runtime', 't-abc'),
  );
});

test('a path that is too long is not taken: a socket path ends at 107 bytes', async () => {
  const long = join(dir, 'x'.repeat(100));
  expect(await socketPath('abc', place('short', { runtimeDir: long }))).toBe(
    join(dir, 'short', `runtime-${uid}`, 't-abc'),
  );
  await expect(socketPath('abc', { runtimeDir: undefined, tmp: long, uid })).rejects.toMatchObject({
    code: 'UNAVAILABLE',
    hint: expect.any(String),
  });
});

test('a symbolic link, a directory that others may use and one of somebody else are refused', async () => {
  await mkdir(join(dir, 'linked'));
  await mkdir(join(dir, 'target'), { mode: 0o700 });
  await symlink(join(dir, 'target'), join(dir, 'linked', `runtime-${uid}`));
  await expect(socketPath('abc', place('linked'))).rejects.toThrow('not a directory');
  await mkdir(join(dir, 'open', `runtime-${uid}`), { recursive: true });
  await chmod(join(dir, 'open', `runtime-${uid}`), 0o755);
  await expect(socketPath('abc', place('open'))).rejects.toThrow('others may use it');
  await expect(socketPath('abc', place('foreign', { uid: uid + 1 }))).rejects.toThrow('another user');
});

test('the same directory has the same name by whatever path it is reached', async () => {
  await mkdir(join(dir, 'run'));
  await symlink(join(dir, 'run'), join(dir, 'alias'));
  expect(await runName(join(dir, 'alias'))).toBe(await runName(join(dir, 'run')));
  expect(await runName(dir)).not.toBe(await runName(join(dir, 'run')));
});
