import { spawnSync } from 'node:child_process';
import { copyFile, mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errorOf } from '@runtime/conformance/event-log';
import { expect, test } from 'vitest';
import { acquireLock, openEventLog, readOwner } from '../../src/index.ts';
import { kill, printed, scratchDir, startFixture } from '../support/child.ts';

test('a lock is refused, with its owner, while that process lives or is stopped, and is free at once when it was killed', async () => {
  const path = join(await scratchDir(), 'lock.db');
  const child = startFixture('hold-lock', path);
  await printed(child, 'held');
  const refused = { code: 'CONFLICT', details: { path, owner: { pid: child.pid, socketPath: '/tmp/holder.sock' } } };
  const error = await errorOf(acquireLock(path));
  expect(error).toMatchObject(refused);
  expect(error.hint).toContain('/tmp/holder.sock');
  child.kill('SIGSTOP');
  expect(await errorOf(acquireLock(path))).toMatchObject(refused);
  await kill(child);
  const lock = await acquireLock(path);
  expect(await readOwner(path)).toMatchObject({ pid: process.pid });
  await lock.release();
});

test('whatever the umask, no other user may open the lock file, because opening it is enough to lock it', async () => {
  const path = join(await scratchDir(), 'lock.db');
  const lock = await acquireLock(path);
  const modes = await Promise.all([path, `${path}-journal`].map(async (file) => (await stat(file)).mode & 0o777));
  expect(modes).toEqual([0o600, 0o600]);
  await lock.release();
});

test('a log is refused to a second writer in the same process', async () => {
  const dir = await scratchDir();
  const log = await openEventLog({ dir });
  const error = await errorOf(openEventLog({ dir }));
  expect(error).toMatchObject({ code: 'CONFLICT', details: { owner: { pid: process.pid, epoch: 1 } } });
  await log.close();
  await (await openEventLog({ dir })).close();
});

test('a log borrows a lock that its caller holds', async () => {
  const dir = await scratchDir();
  const lock = await acquireLock(join(dir, 'lock.db'));
  const log = await openEventLog({ dir: join(dir, 'log'), lock });
  expect(await readOwner(lock.path)).toMatchObject({ epoch: 1 });
  await log.close();
  expect((await errorOf(acquireLock(lock.path))).code).toBe('CONFLICT');
  await lock.release();
  await lock.release();
  await (await acquireLock(lock.path)).release();
});

test('of many callers that take a free lock at once, one gets it', async () => {
  const path = join(await scratchDir(), 'lock.db');
  const results = await Promise.allSettled(Array.from({ length: 6 }, () => acquireLock(path)));
  const held = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  expect(held).toHaveLength(1);
  await held[0]?.release();
  expect(await readOwner(path)).toBeUndefined();
});

test('a damaged owner.json names no owner and does not prevent locking', async () => {
  const dir = await scratchDir();
  const path = join(dir, 'lock.db');
  await writeFile(join(dir, 'owner.json'), '{"pid":');
  expect(await readOwner(path)).toBeUndefined();
  const lock = await acquireLock(path, { epoch: 7 });
  expect(JSON.parse(await readFile(join(dir, 'owner.json'), 'utf8'))).toMatchObject({ pid: process.pid, epoch: 7 });
  await lock.release();
});

test('an owner.json that cannot be replaced leaves no temporary file behind', async () => {
  const dir = await scratchDir();
  await mkdir(join(dir, 'owner.json'));
  await errorOf(acquireLock(join(dir, 'lock.db')));
  expect((await readdir(dir)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
});

test('a place that cannot be locked is refused with a hint', async () => {
  const dir = await scratchDir();
  await symlink('/nowhere/at/all', join(dir, 'lock.db'));
  const error = await errorOf(acquireLock(join(dir, 'lock.db')));
  expect(error).toMatchObject({ code: 'UNAVAILABLE', retry: 'never' });
  expect(error.hint).toContain('local file system');
});

test('taking a lock emits no warning, and other warnings still pass', async () => {
  const module = new URL('../../src/index.ts', import.meta.url).href;
  const script = `
    const { acquireLock } = await import(${JSON.stringify(module)});
    const lock = await acquireLock(process.argv[1]);
    await lock.release();
    process.emitWarning('mind the gap', 'ExperimentalWarning');
  `;
  const path = join(await scratchDir(), 'lock.db');
  const { stderr, status } = spawnSync(
    process.execPath,
    ['--conditions=@runtime/source', '--input-type=module', '-e', script, path],
    { encoding: 'utf8' },
  );
  expect(status).toBe(0);
  expect(stderr).toContain('mind the gap');
  expect(stderr).not.toContain('SQLite');
});

test('where the directory is a file, the lock has no owner', async () => {
  const file = join(await scratchDir(), 'data');
  await writeFile(file, '');
  expect(await readOwner(join(file, 'lock.db'))).toBeUndefined();
});

test('the record of a copied directory names no owner: its lock file is another one', async () => {
  const dir = await scratchDir();
  const copy = await scratchDir();
  const child = startFixture('hold-lock', join(dir, 'lock.db'));
  await printed(child, 'held');
  for (const name of ['lock.db', 'owner.json']) await copyFile(join(dir, name), join(copy, name));
  expect(await readOwner(join(dir, 'lock.db'))).toMatchObject({ pid: child.pid });
  expect(await readOwner(join(copy, 'lock.db'))).toBeUndefined();
  const lock = await acquireLock(join(copy, 'lock.db'));
  expect(await readOwner(lock.path)).toMatchObject({ pid: process.pid });
  await lock.release();
  await kill(child);
});

test('a record without a start time that somebody wrote over the owner of the lock is repaired by it', async () => {
  const dir = await scratchDir();
  const lock = await acquireLock(join(dir, 'lock.db'));
  await writeFile(join(dir, 'owner.json'), JSON.stringify({ pid: process.ppid, startedAt: 1 }));
  await lock.describe({ epoch: 3 });
  expect(await readOwner(lock.path)).toMatchObject({ pid: process.pid, epoch: 3 });
  await lock.release();
});

test('an owner that has lost its lock leaves the record of the next one alone, also without start times', async () => {
  const dir = await scratchDir();
  const lock = await acquireLock(join(dir, 'lock.db'));
  await rm(join(dir, 'lock.db'));
  const next = { pid: process.ppid, startedAt: 1 };
  await writeFile(join(dir, 'owner.json'), JSON.stringify(next));
  await lock.describe({ epoch: 3 });
  expect(await readOwner(lock.path)).toEqual(next);
  await lock.release();
});

test('the record of a process that has ended and left no start time does not name the holder of the lock', async () => {
  const dir = await scratchDir();
  const lock = await acquireLock(join(dir, 'lock.db'));
  const { pid } = spawnSync(process.execPath, ['-e', '']);
  await writeFile(join(dir, 'owner.json'), JSON.stringify({ pid, startedAt: 1 }));
  expect((await errorOf(acquireLock(lock.path))).details).toEqual({ path: lock.path });
  await lock.release();
});
