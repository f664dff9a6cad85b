import { collect, errorOf, FaultFs } from '@runtime/conformance/event-log';
import { expect, test } from 'vitest';
import { verifyLog } from '../../src/index.ts';
import { dir, fileOf, firstSegment, openOn } from '../support/fault-log.ts';

const plain = { segmentBytes: 1024 * 1024, preallocateBytes: 0 };
const large = { type: 'x', pad: 'x'.repeat(12_000) };

test('a full disk refuses appends without a trace of them in the file, and takes appends again once there is room', async () => {
  const fs = new FaultFs();
  const log = await openOn(fs, plain);
  await log.append('a', [{ type: 'x', n: 0 }]);
  const before = fileOf(fs.image(), firstSegment);
  const used = [...fs.image().values()].reduce((sum, bytes) => sum + bytes.byteLength, 0);
  for (const room of [0, 1, 60]) {
    fs.capacity = used + room;
    const error = await errorOf(log.append('b', [{ type: 'y' }, { type: 'y' }]));
    expect(error).toMatchObject({ code: 'EXHAUSTED', retry: 'here' });
    expect(fileOf(fs.image(), firstSegment)).toEqual(before);
    expect([log.head, log.revision('b'), [...log.streams()]]).toEqual([1, 0, ['a']]);
  }
  expect(await collect(log)).toHaveLength(1);
  fs.capacity = Infinity;
  expect(await log.append('b', [{ type: 'z' }], { expected: 0 })).toMatchObject({ first: 2, revision: 1 });
  await log.close();
  expect(await verifyLog({ dir, fs })).toMatchObject({ events: 2, problems: [], unfinished: undefined });
});

test('when the disk fills up during a group, the appends that fit are acknowledged, and the others leave no trace', async () => {
  const fs = new FaultFs();
  const log = await openOn(fs, { ...plain, preallocateBytes: 512 });
  const used = () => [...fs.image().values()].reduce((sum, bytes) => sum + bytes.byteLength, 0);
  fs.capacity = used() + 700;
  const results = await Promise.allSettled(
    Array.from({ length: 20 }, (_, n) =>
      log.append('a', [{ type: 'x', n }], { ack: n % 2 === 0 ? 'durable' : 'written' }),
    ),
  );
  const kept = results.filter((result) => result.status === 'fulfilled').length;
  expect(kept).toBeGreaterThan(0);
  expect(kept).toBeLessThan(20);
  expect(results.slice(0, kept).every((result) => result.status === 'fulfilled')).toBe(true);
  expect((await collect(log)).map((event) => event['n'])).toEqual(Array.from({ length: kept }, (_, n) => n));
  fs.capacity = Infinity;
  expect(await log.append('a', [{ type: 'x', n: kept }], { expected: kept })).toMatchObject({ first: kept + 1 });
  await log.close();
  const again = await openOn(fs, plain);
  expect(again.problems).toEqual([]);
  expect(await collect(again)).toHaveLength(kept + 1);
  await again.close();
});

test('when the disk fills up during the second of several large writes, the appends of the first stay acknowledged', async () => {
  const fs = new FaultFs();
  const log = await openOn(fs, plain);
  const used = [...fs.image().values()].reduce((sum, bytes) => sum + bytes.byteLength, 0);
  fs.capacity = used + 60_000;
  const results = await Promise.allSettled(Array.from({ length: 12 }, () => log.append('a', [large])));
  expect(results.map(({ status }) => status)).toEqual(
    Array.from({ length: 12 }, (_, n) => (n < 4 ? 'fulfilled' : 'rejected')),
  );
  expect([log.head, log.revision('a')]).toEqual([4, 4]);
  fs.capacity = Infinity;
  expect(await log.append('a', [large], { expected: 4 })).toMatchObject({ first: 5 });
  await log.close();
  expect(await verifyLog({ dir, fs })).toMatchObject({ events: 5, problems: [], unfinished: undefined });
});

test('a disk that is full when the next segment is due leaves the old segment in use', async () => {
  const fs = new FaultFs();
  const log = await openOn(fs, { segmentBytes: 1024, preallocateBytes: 0 });
  fs.inject = (operation) => (operation.kind === 'create' ? { code: 'ENOSPC' } : undefined);
  const results = await Promise.all(
    Array.from({ length: 30 }, async () => {
      const result = await log.append('a', [{ type: 'x', pad: 'x'.repeat(200) }]).catch((error: unknown) => error);
      return result instanceof Error ? 'refused' : 'kept';
    }),
  );
  fs.inject = undefined;
  const kept = results.filter((result) => result === 'kept').length;
  while (log.head < kept + 10) await log.append('a', [{ type: 'x', pad: 'x'.repeat(200) }]);
  await log.close();
  const report = await verifyLog({ dir, fs });
  expect(report).toMatchObject({ events: kept + 10, problems: [], unfinished: undefined });
  expect(report.segments).toBeGreaterThan(1);
});

test('a log on a full disk opens for reading, and for writing only once there is room', async () => {
  const fs = new FaultFs();
  const log = await openOn(fs, plain);
  await log.append('a', [{ type: 'x' }]);
  await log.close();
  fs.capacity = 0;
  expect((await errorOf(openOn(fs, plain))).code).toBe('EXHAUSTED');
  const reader = await openOn(fs, { ...plain, readOnly: true });
  expect(await collect(reader)).toHaveLength(1);
  await reader.close();
  fs.capacity = Infinity;
  const again = await openOn(fs, plain);
  expect(again.problems).toEqual([]);
  await again.close();
});
