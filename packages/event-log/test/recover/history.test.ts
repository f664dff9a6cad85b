import { mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { errorOf, FaultFs, type DiskImage } from '@runtime/conformance/event-log';
import { expect, test } from 'vitest';
import { acquireLock, openEventLog, verifyLog } from '../../src/index.ts';
import { dir, fileOf, openOn, recover, withFile, without } from '../support/fault-log.ts';
import { manySegments } from '../support/many-segments.ts';

const segmentsOf = (image: DiskImage) => [...image.keys()].filter((path) => path.endsWith('.jsonl')).sort();
const onlyFormat = (image: DiskImage) => new Map([...image].filter(([path]) => path.endsWith('/FORMAT')));
const lastSegment = (image: DiskImage) => segmentsOf(image).at(-1) ?? '';

/** What was lost of a log of several segments, and what is left to prove it. */
const losses: readonly [what: string, lose: (image: DiskImage) => DiskImage][] = [
  ['all segments', (image) => without(image, '.jsonl')],
  ['all but FORMAT', onlyFormat],
  ['all but a snapshot', (image) => new Map([...image].filter(([path]) => path.includes('/snapshots/')))],
  ['all but a checkpoint', (image) => new Map([...image].filter(([path]) => path.endsWith('1.checkpoint')))],
  ['all but the claim', (image) => new Map([...image].filter(([path]) => path.includes('/writer-')))],
  ['the first segment', (image) => without(image, '00000001.jsonl')],
  ['the first segment and its checkpoint', (image) => without(image, '00000001')],
  ['the first two segments', (image) => without(without(image, '00000001'), '00000002')],
  ['a segment in the middle', (image) => without(image, '00000002.jsonl')],
  ['the last segment, and its checkpoint is not needed', (image) => without(image, lastSegment(image))],
  [
    'the last segment, known from a checkpoint alone',
    (image) => without(without(without(image, lastSegment(image)), 'writer-'), '/snapshots/'),
  ],
  [
    'the last segments, known from the claim alone',
    (image) =>
      segmentsOf(image)
        .slice(1)
        .reduce(without, without(without(image, '.checkpoint'), '/snapshots/')),
  ],
  [
    'the last line, known from the claim alone',
    (image) => {
      const path = lastSegment(image);
      const bytes = fileOf(image, path);
      const cut = withFile(image, path, bytes.subarray(0, bytes.lastIndexOf('{"position"')));
      return without(cut, '/snapshots/');
    },
  ],
];

test.each(losses)('%s lost: opening refuses, each time, and reading and verifying say the same', async (_, lose) => {
  const fs = new FaultFs(lose(await manySegments()));
  for (let tries = 0; tries < 3; tries += 1) {
    const error = await errorOf(openOn(fs));
    expect(error).toMatchObject({ code: 'DATA_CORRUPT', details: { file: expect.stringMatching(/\.jsonl$/) } });
    expect(error.hint).toContain('restore');
    expect((await errorOf(openOn(fs, { readOnly: true }))).code).toBe('DATA_CORRUPT');
    expect((await verifyLog({ dir, fs })).problems).not.toEqual([]);
  }
});

test('a caller that knows of events gets no empty log', async () => {
  const expectsHistory = 'runs/ holds 2 runs';
  const fs = new FaultFs();
  const error = await errorOf(openOn(fs, { expectsHistory }));
  expect(error.code).toBe('DATA_CORRUPT');
  expect(error.message).toContain(expectsHistory);
  expect((await errorOf(openOn(fs, { expectsHistory, readOnly: true }))).code).toBe('DATA_CORRUPT');
  expect((await verifyLog({ dir, fs, expectsHistory })).problems).toHaveLength(1);
  const whole = new FaultFs(await manySegments());
  const log = await openOn(whole, { expectsHistory });
  expect(log.head).toBe(60);
  await log.close();
});

test.each(losses.slice(0, 5))('%s lost: a refused opening changes nothing', async (_, lose) => {
  const fs = new FaultFs(lose(await manySegments()));
  const before = fs.image();
  await errorOf(openOn(fs));
  expect(fs.image()).toEqual(before);
});

test('a refused opening does not make the directory again: the one that was moved away finds its place free', async () => {
  const root = await mkdtemp(join(tmpdir(), 'history-'));
  try {
    const [log, moved] = [join(root, 'log'), join(root, 'moved')];
    const first = await openEventLog({ dir: log });
    await first.append('task/1', [{ type: 'test.made' }]);
    await first.close();
    await rename(log, moved);
    const expectsHistory = 'what lies in runs/';
    const lock = await acquireLock(join(root, 'lock.db'));
    expect((await errorOf(openEventLog({ dir: log, lock, expectsHistory }))).code).toBe('DATA_CORRUPT');
    await lock.release();
    expect(await readdir(root)).not.toContain('log');
    await rename(moved, log);
    const again = await openEventLog({ dir: log, expectsHistory });
    expect(again.head).toBe(1);
    await again.close();
  } finally {
    await rm(root, { recursive: true });
  }
});

test('a first opening that was killed anywhere leaves what the next opening takes for new', async () => {
  const fs = new FaultFs();
  const log = await openOn(fs);
  const count = fs.operations.length;
  await log.close();
  for (let at = 0; at < count; at += 1) {
    const killed = new FaultFs();
    let done = 0;
    killed.inject = () => (done++ >= at ? { code: 'EIO' } : undefined);
    await openOn(killed).catch(() => undefined);
    killed.inject = undefined;
    const { events } = await recover(killed.image());
    expect(events).toEqual([]);
  }
});
