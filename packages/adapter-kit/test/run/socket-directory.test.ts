import { chmod, mkdir, mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { socketDirectory, socketDirectoryCandidates, type SocketPlace } from '../../src/run/index.ts';

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
  const folder = await socketDirectory({ place: place('plain') });
  expect(folder).toBe(join(dir, 'plain', `runtime-${uid}`));
  expect((await stat(folder)).mode & 0o777).toBe(0o700);
});

test('the runtime directory of the session comes first, where it can be used', async () => {
  const runtimeDir = join(dir, 'xdg');
  expect(await socketDirectory({ place: place('other', { runtimeDir }) })).toBe(join(runtimeDir, 'runtime'));
  expect(await socketDirectory({ environment: { XDG_RUNTIME_DIR: runtimeDir } })).toBe(join(runtimeDir, 'runtime'));
  await writeFile(join(dir, 'file'), '');
  const gone = place('other', { runtimeDir: join(dir, 'file') });
  expect(await socketDirectory({ place: gone })).toBe(join(dir, 'other', `runtime-${uid}`));
});

test('a path that is too long is not taken: a socket path ends at 107 bytes', async () => {
  const long = join(dir, 'x'.repeat(100));
  expect(await socketDirectory({ place: place('short', { runtimeDir: long }) })).toBe(
    join(dir, 'short', `runtime-${uid}`),
  );
  await expect(socketDirectory({ place: { runtimeDir: undefined, tmp: long, uid } })).rejects.toMatchObject({
    code: 'UNAVAILABLE',
    hint: expect.any(String),
  });
});

test('a name fits when the whole path has 107 bytes, and not one more', () => {
  const runtimeDir = `/${'r'.repeat(60)}`;
  const rest = 107 - `${runtimeDir}/runtime/`.length;
  const there = { runtimeDir, tmp: '/tmp', uid: 7 };
  expect(socketDirectoryCandidates(there, rest)).toEqual([`${runtimeDir}/runtime`, '/tmp/runtime-7']);
  expect(socketDirectoryCandidates(there, rest + 1)).toEqual(['/tmp/runtime-7']);
  expect(socketDirectoryCandidates({ ...there, runtimeDir: '' }, 10)).toEqual(['/tmp/runtime-7']);
  expect(socketDirectoryCandidates(there, 107)).toEqual([]);
});

test('a symbolic link, a directory that others may use and one of somebody else are refused', async () => {
  await mkdir(join(dir, 'linked'));
  await mkdir(join(dir, 'target'), { mode: 0o700 });
  await symlink(join(dir, 'target'), join(dir, 'linked', `runtime-${uid}`));
  await expect(socketDirectory({ place: place('linked') })).rejects.toThrow('not a directory');
  await mkdir(join(dir, 'open', `runtime-${uid}`), { recursive: true });
  await chmod(join(dir, 'open', `runtime-${uid}`), 0o755);
  await expect(socketDirectory({ place: place('open') })).rejects.toThrow('others may use it');
  await expect(socketDirectory({ place: place('foreign', { uid: uid + 1 }) })).rejects.toThrow('another user');
});
