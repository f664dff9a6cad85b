import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { collect, errorOf, FaultFs } from '@runtime/conformance/event-log';
import { expect, test } from 'vitest';
import { memoryEventLog, readOwner, verifyLog } from '../../src/index.ts';
import { dir, fileOf, firstSegment, openOn, withFile, without } from '../support/fault-log.ts';
import { scratchDir } from '../support/child.ts';

const nested = (levels: number): unknown => JSON.parse(`${'['.repeat(levels)}1${']'.repeat(levels)}`);
const bomb = '['.repeat(2 * 1024 * 1024);

test.each([
  ['in memory', () => Promise.resolve(memoryEventLog())],
  ['in files', () => openOn(new FaultFs())],
])('a log %s takes an event of 256 levels and refuses one that nests deeper', async (_, open) => {
  const log = await open();
  await log.append('a', [{ type: 'x', value: nested(255), text: '[{'.repeat(1000) }]);
  const error = await errorOf(log.append('a', [{ type: 'x', value: nested(256) }]));
  expect(error).toMatchObject({ code: 'INVALID_ARGUMENT' });
  expect(await collect(log)).toMatchObject([{ value: nested(255) }]);
  expect(log.failure).toBeUndefined();
  await log.close();
});

test('brackets without an end, with a right checksum, are damage in a line, a header, a snapshot and FORMAT', async () => {
  const fs = new FaultFs();
  const log = await openOn(fs, { segmentBytes: 64 * 1024 * 1024 });
  await log.append('a', [{ type: 'x' }]);
  await log.close();
  const bytes = fileOf(fs.image(), firstSegment);
  const sealed = (body: string) => {
    const crc = crc32(Buffer.from(body)).toString(16).padStart(8, '0');
    return Buffer.from(`${body},"crc":"${crc}"}\n`);
  };
  const event = sealed(`{"position":2,"stream":"a","revision":2,"time":1,"type":"x","value":${bomb}`);
  const image = without(fs.image(), 'writer-');
  const inLine = new FaultFs(withFile(image, firstSegment, Buffer.concat([bytes, event])));
  const opened = await openOn(inLine);
  expect(await errorOf(collect(opened))).toMatchObject({ code: 'DATA_CORRUPT', details: { file: '00000001.jsonl' } });
  await opened.close();
  const record = sealed(`{"log":"close","value":${bomb}`);
  const inRecord = new FaultFs(withFile(image, firstSegment, Buffer.concat([bytes, record])));
  expect((await verifyLog({ dir, fs: inRecord })).unfinished).toMatchObject({ offset: bytes.length });
  const inFormat = new FaultFs(withFile(image, `${dir}/FORMAT`, Buffer.from(bomb)));
  expect((await errorOf(openOn(inFormat))).code).toBe('DATA_CORRUPT');
  const inCheckpoint = new FaultFs(withFile(image, `${dir}/00000001.checkpoint`, sealed(`{"log":${bomb}`)));
  const inSnapshot = new FaultFs(withFile(image, `${dir}/snapshots/fold.json`, sealed(`{"log":${bomb}`)));
  const whole = await openOn(inSnapshot);
  expect(await whole.readSnapshot('fold', 'v1')).toBeUndefined();
  await whole.close();
  const read = await openOn(inCheckpoint);
  expect(await collect(read)).toHaveLength(1);
  await read.close();
});

test('an owner.json that no owner has written names no owner, and is not waited for', async () => {
  const made: [string, (path: string, root: string) => unknown][] = [
    ['brackets', (path) => writeFile(path, bomb)],
    ['nested', (path) => writeFile(path, JSON.stringify({ pid: 1, startedAt: 1, more: nested(100) }))],
    ['huge', (path) => writeFile(path, JSON.stringify({ pid: 1, startedAt: 1, pad: 'x'.repeat(100_000) }))],
    ['a directory', (path) => mkdir(path)],
    ['a FIFO', (path) => spawnSync('mkfifo', [path])],
    [
      'a link',
      async (path, root) => {
        await writeFile(join(root, 'real'), '{"pid":1,"startedAt":1}');
        await symlink(join(root, 'real'), path);
      },
    ],
  ];
  for (const [what, make] of made) {
    const root = await scratchDir();
    await make(join(root, 'owner.json'), root);
    expect(await readOwner(join(root, 'lock.db')), what).toBeUndefined();
  }
});
