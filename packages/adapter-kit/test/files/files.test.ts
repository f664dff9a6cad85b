import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { openRegular, readRecord, readTail, replaceFile, writeNew } from '../../src/run/index.ts';
import { codeOf } from '../support/run.ts';

let dir = '';
const file = (name = 'file'): string => path.join(dir, name);
beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'adapter-kit-files-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

describe('readTail', () => {
  it('gives the last bytes, all of a short file, and nothing of one that is not there', async () => {
    await writeFile(file(), '0123456789');
    expect((await readTail(file(), 4)).toString()).toBe('6789');
    expect((await readTail(file(), 4000)).toString()).toBe('0123456789');
    expect((await readTail(file('none'), 4)).length).toBe(0);
  });

  it('reads no directory and follows no link', async () => {
    await writeFile(file(), 'secret');
    await symlink(file(), file('link'));
    expect(await codeOf(readTail(file('link'), 4))).toBe('INVALID_ARGUMENT');
    expect(await codeOf(readTail(dir, 4))).toBe('INVALID_ARGUMENT');
  });
});

describe('readRecord', () => {
  const schema = z.object({ id: z.string() });

  it('gives what the schema knows, and undefined for what is missing or damaged', async () => {
    await writeFile(file(), '{"id":"a","more":1}');
    expect(await readRecord(file(), schema)).toEqual({ id: 'a' });
    await writeFile(file('torn'), '{"id":"a');
    await writeFile(file('other'), '{"id":1}');
    await writeFile(file('long'), JSON.stringify({ id: 'x'.repeat(64 * 1024) }));
    await symlink(file(), file('link'));
    const found = ['none', 'torn', 'other', 'long', 'link'].map((name) => readRecord(file(name), schema));
    expect(await Promise.all(found)).toEqual([undefined, undefined, undefined, undefined, undefined]);
    expect(await readRecord(path.join(file(), 'inside'), schema)).toBeUndefined();
  });
});

describe('writeNew', () => {
  it('writes for this user alone, and never twice', async () => {
    await writeNew(file(), 'one', { durable: true });
    expect((await stat(file())).mode & 0o777).toBe(0o600);
    expect(await codeOf(writeNew(file(), 'two'))).toBe('CONFLICT');
    expect(await readFile(file(), 'utf8')).toBe('one');
    expect(await codeOf(writeNew(path.join(dir, 'none', 'file'), 'x'))).toBe('UNAVAILABLE');
  });
});

describe('replaceFile', () => {
  it.each([false, true])('replaces the whole file, durable: %j', async (durable) => {
    await replaceFile(file(), 'something long', { durable });
    await replaceFile(file(), 'short', { durable });
    expect(await readFile(file(), 'utf8')).toBe('short');
    expect((await stat(file())).mode & 0o777).toBe(0o600);
  });

  it('writes over what an earlier writer left, not through a link, and keeps the old content when it fails', async () => {
    await writeFile(file('file.tmp'), 'left behind by a writer that died');
    await replaceFile(file(), 'old');
    await writeFile(file('elsewhere'), 'not ours');
    await symlink(file('elsewhere'), file('file.tmp'));
    expect(await codeOf(replaceFile(file(), 'new'))).toBe('UNAVAILABLE');
    await rm(file('file.tmp'));
    await mkdir(file('file.tmp'));
    expect(await codeOf(replaceFile(file(), 'new'))).toBe('UNAVAILABLE');
    expect(await readFile(file(), 'utf8')).toBe('old');
    expect(await readFile(file('elsewhere'), 'utf8')).toBe('not ours');
  });
});

it('a FIFO where a file of a run should be is waited for by nobody', async () => {
  for (const name of ['file', 'file.tmp']) execFileSync('mkfifo', [file(name)]);
  expect(await codeOf(openRegular(file()))).toBe('INVALID_ARGUMENT');
  expect(await codeOf(readTail(file(), 4))).toBe('INVALID_ARGUMENT');
  expect(await readRecord(file(), z.unknown())).toBeUndefined();
  expect(await codeOf(writeNew(file(), 'x'))).toBe('CONFLICT');
  expect(await codeOf(replaceFile(file(), 'x'))).toBe('UNAVAILABLE');
});
