import { chmod, mkdir, mkdtemp, realpath, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { socketDirectoryCandidates, socketPathFor, type SocketPlace } from '../../src/run/index.ts';

let dir: string;
/** Too long for a socket in it. */
let home: string;
const uid = process.getuid?.() ?? -1;
const name = 'some.sock';
beforeAll(async () => {
  dir = await realpath(await mkdtemp(join(tmpdir(), 'sock-')));
  home = join(dir, 'long'.repeat(25));
  await mkdir(home, { mode: 0o700 });
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const place = (tmp: string, fields: Partial<SocketPlace> = {}): SocketPlace => ({
  runtimeDir: undefined,
  tmp: join(dir, tmp),
  uid,
  ...fields,
});

test('a socket lies in the directory that it belongs to', async () => {
  const short = join(dir, 'short');
  await mkdir(short, { mode: 0o755 });
  expect(await socketPathFor({ home: short, name })).toBe(join(short, name));
  await symlink(short, join(dir, 'alias'));
  expect(await socketPathFor({ home: join(dir, 'alias'), name })).toBe(join(short, name));
});

test('where that is too long it lies in a directory of this user alone, under a name of its own', async () => {
  const path = await socketPathFor({ home, name, place: place('plain') });
  expect(dirname(path)).toBe(join(dir, 'plain', `runtime-${uid}`));
  expect((await stat(dirname(path))).mode & 0o777).toBe(0o700);
  expect(await socketPathFor({ home, name, place: place('plain') })).toBe(path);
  await mkdir(`${home}2`, { mode: 0o700 });
  expect(await socketPathFor({ home: `${home}2`, name, place: place('plain') })).not.toBe(path);
});

test('the runtime directory of the login is the last choice: it ends before agents do', () => {
  const there = { runtimeDir: '/run/user/7', tmp: '/var/tmp', uid: 7 };
  expect(socketDirectoryCandidates(there, 10)).toEqual(['/var/tmp/runtime-7', '/tmp/runtime-7', '/run/user/7/runtime']);
  expect(socketDirectoryCandidates({ ...there, runtimeDir: '', tmp: '/tmp' }, 10)).toEqual(['/tmp/runtime-7']);
});

test('a relative directory is left out: it is another one from every working directory', () => {
  const relative = { runtimeDir: 'run', tmp: './tmp', uid: 7 };
  expect(socketDirectoryCandidates(relative, 10)).toEqual(['/tmp/runtime-7']);
});

test('a name fits when the whole path has 107 bytes, and not one more', () => {
  const runtimeDir = `/${'r'.repeat(60)}`;
  const rest = (process.platform === 'linux' ? 107 : 103) - `${runtimeDir}/runtime/`.length;
  const there = { runtimeDir, tmp: '/tmp', uid: 7 };
  expect(socketDirectoryCandidates(there, rest)).toEqual(['/tmp/runtime-7', `${runtimeDir}/runtime`]);
  expect(socketDirectoryCandidates(there, rest + 1)).toEqual(['/tmp/runtime-7']);
  expect(socketDirectoryCandidates(there, 107)).toEqual([]);
});

test('a link, a file, and a directory that others may use or write to are passed over, each for its reason', async () => {
  await mkdir(join(dir, 'target'), { mode: 0o700 });
  await mkdir(join(dir, 'linked'));
  await symlink(join(dir, 'target'), join(dir, 'linked', `runtime-${uid}`));
  await mkdir(join(dir, 'open', `runtime-${uid}`), { recursive: true });
  await chmod(join(dir, 'open', `runtime-${uid}`), 0o755);
  await writeFile(join(dir, 'file'), '');
  for (const tmp of ['linked', 'open', 'file']) {
    const path = await socketPathFor({ home, name, place: place(tmp) });
    expect(path).toMatch(new RegExp(`^/tmp/runtime-${uid}/[0-9a-f]{24}\\.${name}$`));
  }
  const shared = join(dir, 'shared');
  await mkdir(shared);
  await chmod(shared, 0o770);
  expect(dirname(await socketPathFor({ home: shared, name, place: place('plain') }))).toBe(
    join(dir, 'plain', `runtime-${uid}`),
  );
});
