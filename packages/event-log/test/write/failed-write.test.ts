import { collect, errorOf, FaultFs, type DiskOperation, type Fault } from '@runtime/conformance/event-log';
import { expect, test } from 'vitest';
import { verifyLog } from '../../src/index.ts';
import { dir, openOn } from '../support/fault-log.ts';

const plain = { segmentBytes: 1024 * 1024, preallocateBytes: 0 };
const large = { type: 'x', pad: 'x'.repeat(12_000) };

/** Fails the next operation of this kind, once. */
function failNext(fs: FaultFs, kind: DiskOperation['kind'], fault: Fault): void {
  fs.inject = (operation) => {
    if (operation.kind !== kind) return undefined;
    fs.inject = undefined;
    return fault;
  };
}

test.each([
  ['a failed sync', 'sync', { code: 'EIO' }, plain],
  ['a failed write', 'write', { code: 'EIO' }, plain],
  ['a write that fails halfway', 'write', { code: 'EIO', written: 40 }, plain],
  [
    'a write through O_DSYNC that fails',
    'write',
    { code: 'EIO' },
    { segmentBytes: 1024 * 1024, preallocateBytes: 64 * 1024 },
  ],
] as const)(
  '%s leaves the outcome unknown, ends the writer, and is never tried again',
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

test('appends that waited behind a failed sync are refused, not left waiting', async () => {
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

test('a failed sync during the second of several large writes leaves the first acknowledged and the others unknown', async () => {
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

test('short writes are continued until all bytes are out', async () => {
  const fs = new FaultFs();
  fs.inject = (operation) => (operation.kind === 'write' ? { written: 7 } : undefined);
  const log = await openOn(fs);
  for (let n = 0; n < 20; n += 1) await log.append('a', [{ type: 'x', n }, { type: 'y' }]);
  await log.close();
  fs.inject = undefined;
  expect(await verifyLog({ dir, fs })).toMatchObject({ events: 40, problems: [], unfinished: undefined });
});
