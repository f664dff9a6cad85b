import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { collect, errorOf, FaultFs } from '@runtime/conformance/event-log';
import { expect, test } from 'vitest';
import { acquireLock, openEventLog, verifyLog } from '../../src/index.ts';
import type { LogFs } from '../../src/testing.ts';
import { scratchDir } from '../support/child.ts';
import { dir, openOn } from '../support/fault-log.ts';
import { manySegments } from '../support/many-segments.ts';

/** The disk, where files whose path contains this part cannot be opened, or not be read. */
function unreadable(disk: FaultFs, part: string, code: 'EACCES' | 'EIO'): LogFs {
  const fail = (path: string): never => {
    throw Object.assign(new Error(`${code}: ${path}`), { code, path });
  };
  return {
    open: async (path, mode) => {
      if (!path.includes(part) || mode !== 'read') return disk.open(path, mode);
      if (code === 'EACCES') fail(path);
      return { ...(await disk.open(path, mode)), read: async () => fail(path) };
    },
    makeDir: () => disk.makeDir(),
    list: (path) => disk.list(path),
    rename: (from, to) => disk.rename(from, to),
    remove: (path) => disk.remove(path),
    syncDir: (path) => disk.syncDir(path),
  };
}

for (const code of ['EACCES', 'EIO'] as const) {
  test(`a snapshot and checkpoints that cannot be read (${code}) are done without, and reported`, async () => {
    for (const part of ['/snapshots/fold', '.checkpoint']) {
      const log = await openOn(unreadable(new FaultFs(await manySegments()), part, code));
      expect(await log.readSnapshot('fold', 'v1')).toEqual(
        part === '.checkpoint' ? expect.objectContaining({ state: 'whole' }) : undefined,
      );
      expect(await collect(log)).toHaveLength(60);
      expect(log.problems.map(({ file }) => file)).toContain(
        part === '.checkpoint' ? '00000001.jsonl' : 'snapshots/fold.json',
      );
      await log.close();
    }
  });

  test(`a segment that cannot be read (${code}) is one clear error of opening, reading and verifying`, async () => {
    const expected = { code: code === 'EACCES' ? 'PERMISSION_DENIED' : 'UNAVAILABLE', retry: 'never' };
    const image = await manySegments();
    const last =
      [...image.keys()]
        .filter((path) => path.endsWith('.jsonl'))
        .sort()
        .at(-1) ?? '';
    const fs = unreadable(new FaultFs(image), last, code);
    for (const trying of [openOn(fs), openOn(fs, { readOnly: true }), verifyLog({ dir, fs })]) {
      const error = await errorOf(trying);
      expect(error).toMatchObject(expected);
      expect(error.message).toContain(last);
      expect(error.hint).toBeTypeOf('string');
    }
  });
}

test('a place that cannot be a log is one clear error', async () => {
  const root = await scratchDir();
  await writeFile(join(root, 'file'), '');
  for (const dir of ['/proc/nope', join(root, 'file'), join(root, 'file', 'log')]) {
    const error = await errorOf(openEventLog({ dir }));
    expect(['INVALID_ARGUMENT', 'PERMISSION_DENIED', 'UNAVAILABLE']).toContain(error.code);
    expect(error.hint).toBeTypeOf('string');
    expect((await errorOf(acquireLock(join(dir, 'lock.db')))).code).toBe('UNAVAILABLE');
  }
});

test('a lock file that is a directory or a link is refused by what it is', async () => {
  const root = await scratchDir();
  await mkdir(join(root, 'directory'));
  await writeFile(join(root, 'elsewhere.db'), '');
  await symlink(join(root, 'elsewhere.db'), join(root, 'link'));
  await symlink(join(root, 'nowhere'), join(root, 'dangling'));
  for (const [name, kind] of [
    ['directory', 'a directory'],
    ['link', 'a link'],
    ['dangling', 'a link'],
  ] as const) {
    const error = await errorOf(acquireLock(join(root, name)));
    expect(error).toMatchObject({ code: 'UNAVAILABLE', retry: 'never' });
    expect(error.message).toContain(kind);
  }
});
