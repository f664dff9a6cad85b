import { expect, test } from 'vitest';
import type { DiskOperation, Fault } from '@runtime/conformance/event-log';
import { collect, errorOf, FaultFs } from '@runtime/conformance/event-log';
import { verifyLog } from '../../src/index.ts';
import { dir, fileOf, firstSegment, openOn } from '../support/fault-log.ts';

const plain = { segmentBytes: 1024 * 1024, preallocateBytes: 0 };

/** Fails the next operation of this kind, once. */
function failNext(fs: FaultFs, kind: DiskOperation['kind'], fault: Fault): void {
  fs.inject = (operation) => {
    if (operation.kind !== kind) return undefined;
    fs.inject = undefined;
    return fault;
  };
}

test('a full disk refuses appends with nothing half-written, and takes them again when there is room', async () => {
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

test('when the disk fills up under a group, the appends that fit are kept and acknowledged, the others were never there', async () => {
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

const large = { type: 'x', pad: 'x'.repeat(12_000) };

test('when the disk fills up under the second of several large writes, what the first held stays acknowledged', async () => {
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

test('a failed sync under the second of several large writes leaves the first acknowledged, and the outcome of the others is told', async () => {
  const fs = new FaultFs();
  const log = await openOn(fs, plain);
  let syncs = 0;
  fs.inject = ({ kind }) => (kind === 'sync' && (syncs += 1) === 2 ? { code: 'EIO' } : undefined);
  const appends = Array.from({ length: 12 }, () => log.append('a', [large]));
  const codes = await Promise.all(
    appends.map((append) =>
      append.then(
        () => 'kept',
        () => errorOf(append).then(({ code }) => code),
      ),
    ),
  );
  expect(codes).toEqual([...Array(3).fill('kept'), ...Array(9).fill('OUTCOME_UNKNOWN')]);
  expect(log.head).toBe(3);
  expect((await errorOf(log.append('a', [large]))).code).toBe('UNAVAILABLE');
  fs.inject = undefined;
  await log.close();
});

test('a disk that is full when the next segment is due leaves the old one in use', async () => {
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

test('a full disk refuses to open for writing, and reading goes on', async () => {
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

test('short writes are carried on until everything is out', async () => {
  const fs = new FaultFs();
  fs.inject = (operation) => (operation.kind === 'write' ? { written: 7 } : undefined);
  const log = await openOn(fs);
  for (let n = 0; n < 20; n += 1) await log.append('a', [{ type: 'x', n }, { type: 'y' }]);
  await log.close();
  fs.inject = undefined;
  expect(await verifyLog({ dir, fs })).toMatchObject({ events: 40, problems: [], unfinished: undefined });
});

test.each([
  ['a failed sync', 'sync', { code: 'EIO' }, plain],
  ['a failed write', 'write', { code: 'EIO' }, plain],
  ['a write that fails half-way', 'write', { code: 'EIO', written: 40 }, plain],
  [
    'a write through O_DSYNC that fails',
    'write',
    { code: 'EIO' },
    { segmentBytes: 1024 * 1024, preallocateBytes: 64 * 1024 },
  ],
] as const)(
  '%s leaves the outcome unknown, poisons the writer, and is never tried again',
  async (_, kind, fault, options) => {
    const fs = new FaultFs();
    const log = await openOn(fs, options);
    await log.append('a', [{ type: 'x' }]);
    failNext(fs, kind, fault);
    const underway = log.append('a', [{ type: 'y' }]);
    const error = await errorOf(underway);
    expect(error).toMatchObject({ code: 'OUTCOME_UNKNOWN', details: { poisoned: true } });
    const operations = fs.operations.length;
    expect(await errorOf(log.append('a', [{ type: 'z' }]))).toMatchObject({
      code: 'UNAVAILABLE',
      details: { poisoned: true },
      retry: 'never',
    });
    expect(await collect(log)).toHaveLength(1);
    await log.close();
    expect(fs.operations.length).toBe(operations);
    const again = await openOn(fs, options);
    const events = await collect(again);
    expect(events.map((event) => event.type)).toEqual(['x', 'y'].slice(0, events.length));
    expect(events.length).toBeGreaterThan(0);
    await again.close();
  },
);

test('appends that waited behind a failed sync are refused, not left hanging', async () => {
  const fs = new FaultFs();
  const log = await openOn(fs, plain);
  failNext(fs, 'sync', { code: 'EIO' });
  const first = log.append('a', [{ type: 'x' }]);
  await new Promise((resolve) => process.nextTick(resolve));
  const second = log.append('a', [{ type: 'y' }]);
  expect((await errorOf(first)).code).toBe('OUTCOME_UNKNOWN');
  expect((await errorOf(second)).code).toBe('UNAVAILABLE');
  await log.close();
});

test('a checkpoint that cannot be written costs nothing but is reported', async () => {
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
