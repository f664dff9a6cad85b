import { mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { errorOf, FaultFs, type DiskImage } from '@runtime/conformance/event-log';
import { expect, test } from 'vitest';
import { acquireLock, openEventLog, verifyLog } from '../../src/index.ts';
import { dir, fileOf, firstSegment, openOn, recover, withFile, without } from '../support/fault-log.ts';
import { longOptions, longSegment } from '../support/long-segment.ts';
import { manySegments } from '../support/many-segments.ts';

const segmentsOf = (image: DiskImage) => [...image.keys()].filter((path) => path.endsWith('.jsonl')).sort();
const onlyFormat = (image: DiskImage) => new Map([...image].filter(([path]) => path.endsWith('/FORMAT')));
const onlyCheckpoint = (image: DiskImage) => new Map([...image].filter(([path]) => path.endsWith('1.checkpoint')));
const lastSegment = (image: DiskImage) => segmentsOf(image).at(-1) ?? '';
const checkpointOf = (segment: string) => segment.replace('.jsonl', '.checkpoint');
const withoutLast = (image: DiskImage) => {
  const path = lastSegment(image);
  return without(without(image, path), checkpointOf(path));
};

/** What was lost of a log of several segments, and what is left to prove it. */
const losses: readonly [what: string, lose: (image: DiskImage) => DiskImage][] = [
  ['all segments', (image) => without(image, '.jsonl')],
  ['all but FORMAT', onlyFormat],
  ['all but a snapshot', (image) => new Map([...image].filter(([path]) => path.includes('/snapshots/')))],
  ['all but a checkpoint', onlyCheckpoint],
  ['all but the claim', (image) => new Map([...image].filter(([path]) => path.includes('/writer-')))],
  ['the first segment', (image) => without(image, '00000001.jsonl')],
  ['the first segment and its checkpoint', (image) => without(image, '00000001')],
  ['the first two segments', (image) => without(without(image, '00000001'), '00000002')],
  ['a segment in the middle', (image) => without(image, '00000002.jsonl')],
  ['the last segment, and its checkpoint is not needed', (image) => without(image, lastSegment(image))],
  [
    'the last segment, known from its checkpoint alone',
    (image) => without(without(without(image, lastSegment(image)), 'writer-'), '/snapshots/'),
  ],
  [
    'the last segment and its checkpoint, known from the checkpoint before alone',
    (image) => without(without(withoutLast(image), 'writer-'), '/snapshots/'),
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
      return without(without(cut, '/snapshots/'), checkpointOf(path));
    },
  ],
];

/** What was lost of a log whose only segment is long, so that it is taken from its checkpoint. */
const lossesOfLong: readonly [what: string, lose: (image: DiskImage) => DiskImage][] = [
  ['the segment, known from its checkpoint alone', (image) => onlyCheckpoint(image)],
  [
    'the last lines of the segment, known from its checkpoint alone',
    (image) => {
      const bytes = fileOf(image, firstSegment);
      const cut = withFile(image, firstSegment, bytes.subarray(0, bytes.lastIndexOf('{"position"')));
      return without(cut, 'writer-');
    },
  ],
  [
    'the segment after it, known from the claim alone',
    (image) => without(without(image, '00000001.checkpoint'), '00000002'),
  ],
  [
    'the segment after it, known from the checkpoint before it alone',
    (image) => without(without(image, 'writer-'), '00000002.jsonl'),
  ],
];

/** The log of `longSegment`, opened and closed once more, without its first checkpoint. */
async function longAndNext(): Promise<DiskImage> {
  const fs = new FaultFs(without(await longSegment(), '.checkpoint'));
  await (await openOn(fs, longOptions)).close();
  return fs.image();
}

test.each(lossesOfLong)('%s lost: opening refuses, and reading and verifying say the same', async (_, lose) => {
  const fs = new FaultFs(lose(await longAndNext()));
  expect((await errorOf(openOn(fs, longOptions))).code).toBe('DATA_CORRUPT');
  expect((await errorOf(openOn(fs, { ...longOptions, readOnly: true }))).code).toBe('DATA_CORRUPT');
  expect((await verifyLog({ dir, fs })).problems).not.toEqual([]);
});

test('the checkpoint of a last segment proves no next one, nor does a damaged one', async () => {
  const image = without(await longSegment(), 'writer-');
  const path = `${dir}/00000001.checkpoint`;
  for (const bytes of [fileOf(image, path), fileOf(image, path).subarray(1), Buffer.alloc(0)]) {
    const fs = new FaultFs(withFile(image, path, bytes));
    expect((await verifyLog({ dir, fs })).problems).toEqual([]);
    const log = await openOn(fs, longOptions);
    expect([log.head, log.problems]).toEqual([200, []]);
    await log.close();
  }
});

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
