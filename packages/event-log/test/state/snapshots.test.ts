import { errorOf, FaultFs, type DiskImage } from '@runtime/conformance/event-log';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { nodeFs } from '../../src/fs/node-fs.ts';
import { Problems } from '../../src/state/problems.ts';
import { Snapshots } from '../../src/state/snapshots.ts';
import { scratchDir } from '../support/child.ts';
import { dir, fileOf, firstSegment, openOn, withFile, without } from '../support/fault-log.ts';
import { manySegments } from '../support/many-segments.ts';

const oneSegment = { segmentBytes: 1024 * 1024 };

test('a damaged snapshot is ignored and reported', async () => {
  const image = await manySegments();
  const path = `${dir}/snapshots/fold.json`;
  const bytes = Uint8Array.from(image.get(path) ?? []);
  for (let at = 0; at < bytes.length; at += 5) {
    const damaged = Uint8Array.from(bytes);
    damaged[at] = (damaged[at] ?? 0) ^ 1;
    const log = await openOn(new FaultFs(withFile(image, path, damaged)));
    expect(await log.readSnapshot('fold', 'v1')).toBeUndefined();
    expect(log.problems).toMatchObject([{ file: 'snapshots/fold.json' }]);
    await log.close();
  }
});

test('a log that ends before one of its snapshots has lost durable events, and is refused', async () => {
  const fs = new FaultFs();
  const log = await openOn(fs, oneSegment);
  for (let n = 0; n < 3; n += 1) await log.append('a', [{ type: 'x', n }]);
  await log.writeSnapshot('fold', { version: 'v1', position: 3, state: {} });
  await log.close();
  const bytes = fileOf(fs.image(), firstSegment);
  const cut = withFile(without(fs.image(), 'writer-'), firstSegment, bytes.subarray(0, bytes.indexOf('{"position":3')));
  expect(await errorOf(openOn(new FaultFs(cut), oneSegment))).toMatchObject({
    code: 'DATA_CORRUPT',
    details: { position: 2, provenBy: 'snapshots/fold.json' },
  });
});

/** A log of four events with these snapshots, cut after its third event, and nothing else that proves the fourth. */
async function cutAfterThird(snapshots: Readonly<Record<string, number>>): Promise<DiskImage> {
  const fs = new FaultFs();
  const log = await openOn(fs, oneSegment);
  for (let n = 0; n < 4; n += 1) await log.append('a', [{ type: 'x', n }]);
  for (const [name, position] of Object.entries(snapshots)) {
    await log.writeSnapshot(name, { version: 'v1', position, state: {} });
  }
  await log.close();
  const bytes = fileOf(fs.image(), firstSegment);
  return withFile(without(fs.image(), 'writer-'), firstSegment, bytes.subarray(0, bytes.indexOf('{"position":4')));
}

test.each([
  ['the highest of a series', { 'page-9': 1, 'page-10': 4 }, 'page-10'],
  ['a name without a number beside a series', { page: 4, 'page-10': 1, page3: 1 }, 'page'],
  ['one of several series', { 'a-000002': 1, 'b-000001': 4 }, 'b-000001'],
])('a log that ends before %s is refused', async (_, snapshots, name) => {
  const error = await errorOf(openOn(new FaultFs(await cutAfterThird(snapshots)), oneSegment));
  expect(error).toMatchObject({ code: 'DATA_CORRUPT', details: { provenBy: `snapshots/${name}.json` } });
});

test('where the highest of a series is damaged, the next one proves', async () => {
  const image = await cutAfterThird({ 'page-1': 1, 'page-2': 4, 'page-3': 1 });
  const damaged = withFile(image, `${dir}/snapshots/page-3.json`, Buffer.from('{}\n'));
  const error = await errorOf(openOn(new FaultFs(damaged), oneSegment));
  expect(error.details).toMatchObject({ provenBy: 'snapshots/page-2.json' });
});

test('an opening reads one snapshot of a series, however long that is', async () => {
  const fs = new FaultFs();
  const log = await openOn(fs, oneSegment);
  for (let n = 0; n < 30; n += 1) await log.writeSnapshot(`page-${n}`, { version: 'v1', position: 0, state: n });
  await log.close();
  const opened: string[] = [];
  const open = fs.open.bind(fs);
  fs.open = (path, mode) => {
    if (path.includes('/snapshots/')) opened.push(path);
    return open(path, mode);
  };
  const reader = await openOn(fs, { ...oneSegment, readOnly: true });
  expect(opened).toEqual([`${dir}/snapshots/page-29.json`]);
  expect((await reader.readSnapshot('page-3', 'v1'))?.state).toBe(3);
  await reader.close();
});

test('the directory of the log is not made for a snapshot', async () => {
  const root = await scratchDir();
  const log = join(root, 'data', 'log');
  await mkdir(log, { recursive: true });
  const snapshots = new Snapshots(nodeFs(), log, new Problems(undefined));
  await snapshots.write('l', 'fold', { version: 'v1', position: 0, state: {} });
  await rm(join(root, 'data'), { recursive: true });
  await expect(snapshots.write('l', 'fold', { version: 'v1', position: 0, state: {} })).rejects.toThrow('ENOENT');
  expect(await readdir(root)).toEqual([]);
});
