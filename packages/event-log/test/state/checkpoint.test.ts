import { collect, errorOf, FaultFs, opening } from '@runtime/conformance/event-log';
import { expect, test } from 'vitest';
import { encodeRecord } from '../../src/format/records.ts';
import { verifyLog } from '../../src/index.ts';
import { loadLog } from '../../src/recover/load-log.ts';
import { Problems } from '../../src/state/problems.ts';
import type { LogFs } from '../../src/testing.ts';
import { WritableLog } from '../../src/writable-log.ts';
import { dir, fileOf, firstSegment, flip, openOn, withFile, without } from '../support/fault-log.ts';
import { longSegment, longOptions } from '../support/long-segment.ts';
import { manySegments } from '../support/many-segments.ts';

/** More than any header of a segment. */
const headerBytes = 4096;

/** The file system, and what is read of segments through it: their numbers, and the bytes behind their headers. */
function watched(fs: FaultFs): { fs: LogFs; reads: Set<number>; behindHeaders: [from: number, to: number][] } {
  const reads = new Set<number>();
  const behindHeaders: [number, number][] = [];
  const open: LogFs['open'] = async (path, mode) => {
    const file = await fs.open(path, mode);
    const read: typeof file.read = async (into, position) => {
      const count = await file.read(into, position);
      if (!path.endsWith('.jsonl')) return count;
      reads.add(Number(path.slice(-14, -6)));
      if (position + count > headerBytes) behindHeaders.push([position, position + count]);
      return count;
    };
    return { ...file, read };
  };
  return { reads, behindHeaders, fs: opening(fs, open) };
}

test('opening reads the last segment and the checkpoints of the others, and finds every stream in them', async () => {
  const image = await manySegments();
  const { fs, reads } = watched(new FaultFs(image));
  const log = await openOn(fs);
  const last = [...image.keys()].filter((path) => path.endsWith('.jsonl')).length;
  expect(last).toBeGreaterThan(3);
  expect(reads).toEqual(new Set([last]));
  expect([log.head, log.revision('s1'), [...log.streams()].toSorted()]).toEqual([60, 15, ['s0', 's1', 's2', 's3']]);
  expect(await collect(log)).toHaveLength(60);
  await log.close();
});

test.each(['.checkpoint', '/snapshots/'])('deleting every %s file is safe', async (part) => {
  const fs = new FaultFs(without(await manySegments(), part));
  const log = await openOn(fs);
  expect(await collect(log)).toHaveLength(60);
  expect((await log.readSnapshot('fold', 'v1'))?.state).toBe(part === '.checkpoint' ? 'whole' : undefined);
  await log.close();
  const again = await openOn(fs);
  expect(again.problems).toEqual([]);
  await again.close();
});

test('a damaged checkpoint is ignored, reported, and written again', async () => {
  const image = await manySegments();
  const path = `${dir}/00000002.checkpoint`;
  const bytes = Uint8Array.from(image.get(path) ?? []);
  for (let at = 0; at < bytes.length; at += 23) {
    const damaged = Uint8Array.from(bytes);
    damaged[at] = (damaged[at] ?? 0) ^ 4;
    const fs = new FaultFs(withFile(image, path, damaged));
    const log = await openOn(fs);
    expect(log.problems).toMatchObject([{ file: '00000002.jsonl', action: 'read whole' }]);
    expect((await collect(log)).map((event) => event['n'])).toEqual(Array.from({ length: 60 }, (_, n) => n));
    await log.close();
    expect(fs.image().get(path)).toEqual(bytes);
  }
});

test('a checkpoint is ignored for a segment of another length', async () => {
  const image = await manySegments();
  const path = `${dir}/00000002.jsonl`;
  const bytes = image.get(path) ?? new Uint8Array();
  const cut = new FaultFs(withFile(image, path, bytes.subarray(0, -10)));
  expect(await errorOf(openOn(cut))).toMatchObject({ code: 'DATA_CORRUPT', details: { file: '00000002.jsonl' } });
});

test('a checkpoint that cannot be written is reported, and the log opens without it', async () => {
  const fs = new FaultFs();
  const log = await openOn(fs);
  fs.inject = (operation) =>
    operation.kind === 'create' && operation.path.endsWith('.checkpoint.tmp') ? { code: 'EIO' } : undefined;
  for (let n = 0; n < 30; n += 1) await log.append('a', [{ type: 'x' }]);
  await log.close();
  expect(log.problems.map((problem) => problem.file)).toContain('00000001.checkpoint');
  fs.inject = undefined;
  const again = await openOn(fs);
  expect(await collect(again)).toHaveLength(30);
  await again.close();
});

test('damage in a segment with a checkpoint is found by reading and by verifying', async () => {
  const fs = new FaultFs();
  const log = await openOn(fs);
  for (let n = 0; n < 40; n += 1) await log.append(`s${n % 2}`, [{ type: 'x', n }]);
  await log.close();
  const bytes = fileOf(fs.image(), firstSegment);
  const at = bytes.indexOf('{"position":4');
  const damaged = new FaultFs(withFile(fs.image(), firstSegment, flip(bytes, (at + 3) * 8)));
  const again = await openOn(damaged);
  const error = await errorOf(collect(again));
  expect(error).toMatchObject({ code: 'DATA_CORRUPT', details: { file: '00000001.jsonl', offset: at } });
  const report = await verifyLog({ dir, fs: damaged });
  expect(report.problems).toMatchObject([{ file: '00000001.jsonl', offset: at }]);
  expect(report).toMatchObject({ events: 39, head: 40, unfinished: undefined });
  await again.close();
});

test('after a proper close of a long segment, an opening reads none of its lines, and has no entry for its streams', async () => {
  const image = await longSegment();
  expect(image.get(firstSegment)?.length).toBeGreaterThan(4 * headerBytes);
  const { fs, reads, behindHeaders } = watched(new FaultFs(image));
  const reader = await openOn(fs, { ...longOptions, readOnly: true });
  const size = fileOf(image, firstSegment).length;
  // The last bytes, by which a reader of the files sees that they are still the same.
  expect(behindHeaders).toEqual([[size - 32, size]]);
  const log = await openOn(fs, longOptions);
  expect([...reads]).toEqual([1]);
  expect(behindHeaders).toHaveLength(1);
  for (const opened of [reader, log]) {
    expect([opened.head, opened.revision('s7'), [...opened.streams()].length]).toEqual([200, 4, 50]);
    expect(await collect(opened, { stream: 's7' })).toMatchObject([{ n: 7 }, { n: 57 }, { n: 107 }, { n: 157 }]);
    await opened.close();
  }
  const { state } = await loadLog({ fs, dir, problems: new Problems(undefined), live: true });
  expect([...state.index.live.keys()]).toEqual([]);
});

test('a writer keeps entries for the streams of its last segment only', async () => {
  const log = await openOn(new FaultFs());
  if (!(log instanceof WritableLog)) throw new Error('no log of a writer');
  for (let n = 0; n < 100; n += 1) await log.append(`s${n}`, [{ type: 'x' }]);
  expect(log.index.segments.length).toBeGreaterThan(5);
  expect(log.index.live.size).toBeLessThan(20);
  expect([...log.streams()]).toHaveLength(100);
  expect(await log.append('s0', [{ type: 'y' }], { expected: 1 })).toMatchObject({ revision: 2 });
  await log.close();
});

test('a long segment is not continued after a proper close, and a short one is', async () => {
  const fs = new FaultFs();
  const sizes = [];
  for (let opening = 0; opening < 12; opening += 1) {
    const log = await openOn(fs);
    await log.append('a', [{ type: 'x', pad: 'x'.repeat(100) }]);
    await log.close();
    expect(log.problems).toEqual([]);
    sizes.push([...fs.image().keys()].filter((path) => path.endsWith('.jsonl')).length);
  }
  expect(sizes).toEqual([1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6]);
  expect(await verifyLog({ dir, fs })).toMatchObject({ events: 12, problems: [], unfinished: undefined });
});

test('a log that was killed at any operation of its close is taken up with all events, by a checkpoint or by reading', async () => {
  const image = await longSegment();
  const again = async (fs: FaultFs) => {
    const log = await openOn(fs, longOptions);
    for (let n = 0; n < 60; n += 1) await log.append(`t${n}`, [{ type: 'x', pad: 'x'.repeat(1000) }]);
    return log;
  };
  const whole = new FaultFs(image);
  const log = await again(whole);
  const before = whole.operations.length;
  await log.close();
  const kinds = whole.operations.slice(before).map(({ kind }) => kind);
  expect(kinds).toContain('rename');
  let read = 0;
  for (let at = 0; at < kinds.length; at += 1) {
    const fs = new FaultFs(image);
    const killed = await again(fs);
    let count = 0;
    fs.inject = () => (count++ >= at ? { code: 'EIO' } : undefined);
    await killed.close().catch(() => undefined);
    fs.inject = undefined;
    const { fs: disk, behindHeaders } = watched(fs);
    const next = await openOn(disk, longOptions);
    if (behindHeaders.length > 0) read += 1;
    expect(next.problems, `operation ${at}`).toEqual([]);
    expect([next.head, [...next.streams()].length], `operation ${at}`).toEqual([260, 110]);
    expect(await next.append('t0', [{ type: 'y' }])).toMatchObject({ first: 261, revision: 2 });
    await next.close();
    expect((await verifyLog({ dir, fs })).problems).toEqual([]);
  }
  expect(read).toBeGreaterThan(0);
  expect(read).toBeLessThan(kinds.length);
});

test('bytes that a fenced writer leaves behind the end of a closed segment count for nothing', async () => {
  const fs = new FaultFs(await longSegment());
  const log = await openOn(fs, longOptions);
  await log.append('s7', [{ type: 'x', n: 207 }]);
  const bytes = fileOf(fs.image(), firstSegment);
  const late = encodeRecord({ position: 201, stream: 's7', revision: 5, time: 1, type: 'late' }, bytes.length);
  await log.close();
  const disk = new FaultFs(withFile(fs.image(), firstSegment, Buffer.concat([bytes, late])));
  for (const readOnly of [true, false]) {
    const again = await openOn(disk, { ...longOptions, readOnly });
    expect(again.problems).toEqual([]);
    expect((await collect(again, { stream: 's7' })).map(({ type, revision }) => [type, revision]).at(-1)).toEqual([
      'x',
      5,
    ]);
    await again.close();
  }
  expect((await verifyLog({ dir, fs: disk })).problems).toEqual([]);
});

test('a last segment that is longer than its checkpoint tells is read', async () => {
  const image = await longSegment();
  const bytes = fileOf(image, firstSegment);
  const late = encodeRecord({ log: 'epoch', logId: '', epoch: 2, after: 200 }, bytes.length);
  const event = encodeRecord(
    { position: 201, stream: 's7', revision: 5, time: 1, type: 'x' },
    bytes.length + late.length,
  );
  const fs = new FaultFs(withFile(image, firstSegment, Buffer.concat([bytes, late, event])));
  const reader = await openOn(fs, { ...longOptions, readOnly: true });
  expect([reader.head, reader.revision('s7')]).toEqual([201, 5]);
  await reader.close();
});

test('a checkpoint of the first version is written anew from its segment', async () => {
  const image = await manySegments();
  const path = `${dir}/00000002.checkpoint`;
  const bytes = fileOf(image, path);
  const {
    version: _,
    next: _next,
    bytes: _bytes,
    streamsCrc: _crc,
    ...header
  } = JSON.parse(bytes.subarray(0, bytes.indexOf('\n')).toString());
  const first = encodeRecord({ ...header, version: 1, streams: [['s1', 9, [0]]] }, 0);
  const fs = new FaultFs(withFile(image, path, first));
  const log = await openOn(fs);
  expect(log.problems).toMatchObject([{ file: '00000002.jsonl', action: 'read whole' }]);
  expect([log.head, log.revision('s1')]).toEqual([60, 15]);
  await log.close();
  expect(fileOf(fs.image(), path)).toEqual(bytes);
});
