import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { collect, crashImage, errorOf, FaultFs } from '@runtime/conformance/event-log';
import { openEventLog, verifyLog } from '../../src/index.ts';
import type { LogFile, LogFs } from '../../src/testing.ts';
import { kill, printed, scratchDir, startFixture } from '../support/child.ts';
import { delegatedFile, delegatedFs } from '../support/delegated.ts';
import { dir, fileOf, firstSegment, openOn, withFile, without } from '../support/fault-log.ts';
import { longOptions, longSegment } from '../support/long-segment.ts';

test('a reader beside a writer in another process sees every append, across segments, without a lock', async () => {
  const dir = await scratchDir();
  const writer = startFixture('append-lines', dir);
  await printed(writer, 'open');
  const reader = await openEventLog({ dir, readOnly: true });
  expect(reader.epoch).toBe(0);
  const texts: unknown[] = [];
  const reading = (async () => {
    for await (const batch of reader.read({ follow: true })) {
      for (const event of batch) texts.push(event['text']);
      if (texts.length >= 60) return;
    }
  })();
  for (let n = 0; n < 60; n += 1) {
    writer.stdin.write(`line ${n}\n`);
    if (n % 20 === 0) await sleep(20);
  }
  await reading;
  expect(texts).toEqual(Array.from({ length: 60 }, (_, n) => `line ${n}`));
  expect(await verifyLog({ dir })).toMatchObject({ events: 60, problems: [] });
  expect((await readdir(dir)).filter((name) => name.endsWith('.jsonl')).length).toBeGreaterThan(2);
  writer.stdin.end();
  await reader.close();
});

test('opening for reading changes nothing, and reads up to the last whole batch', async () => {
  const fs = new FaultFs();
  const log = await openOn(fs);
  await log.append('a', [{ type: 'x' }]);
  await log.append('a', [{ type: 'y' }, { type: 'z' }]);
  await log.close();
  const bytes = fileOf(fs.image(), firstSegment);
  const torn = new FaultFs(
    withFile(without(fs.image(), 'writer-'), firstSegment, bytes.subarray(0, bytes.indexOf('"type":"z"'))),
  );
  const reader = await openOn(torn, { readOnly: true });
  expect((await collect(reader)).map((event) => event.type)).toEqual(['x']);
  expect((await errorOf(reader.append('a', [{ type: 'x' }]))).code).toBe('UNSUPPORTED');
  expect((await errorOf(reader.writeSnapshot('a', { version: '1', position: 0, state: 0 }))).code).toBe('UNSUPPORTED');
  await reader.close();
  expect(torn.operations).toEqual([]);
});

test('opening for reading refuses damage that no unfinished write explains', async () => {
  const fs = new FaultFs();
  const log = await openOn(fs);
  for (let n = 0; n < 3; n += 1) await log.append('a', [{ type: 'x', n }]);
  const bytes = fileOf(fs.image(), firstSegment);
  const at = bytes.indexOf('{"position":1');
  bytes[at + 5] = 0;
  const damaged = new FaultFs(withFile(fs.image(), firstSegment, bytes));
  expect(await errorOf(openOn(damaged, { readOnly: true }))).toMatchObject({
    code: 'DATA_CORRUPT',
    details: { offset: at },
  });
  await log.close();
});

test('where there is no log, opening for reading and verifying throw NOT_FOUND', async () => {
  expect((await errorOf(openEventLog({ dir: await scratchDir(), readOnly: true }))).code).toBe('NOT_FOUND');
  expect((await errorOf(verifyLog({ dir: await scratchDir() }))).code).toBe('NOT_FOUND');
});

test('a cursor of an event that a power failure took is refused as lost, with the nearest cursor', async () => {
  const fs = new FaultFs();
  const log = await openOn(fs, { segmentBytes: 1024 * 1024 });
  await log.append('a', [{ type: 'durable' }]);
  const at = fs.operations.length;
  await log.append('a', [{ type: 'written' }], { ack: 'written' });
  const cursor = log.cursor(2);
  await log.close();
  const after = new FaultFs(crashImage(fs.operations, { at }));
  const next = await openOn(after, { segmentBytes: 1024 * 1024 });
  await next.append('a', [{ type: 'other' }]);
  await next.append('a', [{ type: 'other' }]);
  const error = await errorOf(next.read({ after: cursor })[Symbol.asyncIterator]().next());
  expect(error).toMatchObject({ code: 'NOT_FOUND', details: { reason: 'lost', nearest: next.cursor(1) } });
  await next.close();
});

test.each([0, 64 * 1024])(
  'a follower learns of events that were lost before the writer was restarted (%d bytes written ahead)',
  async (ahead) => {
    const fs = new FaultFs();
    const options = { segmentBytes: 1024 * 1024, preallocateBytes: ahead };
    const first = await openOn(fs, options);
    await first.append('a', [{ type: 'durable' }]);
    await first.append('a', [{ type: 'written', pad: 'x'.repeat(1000) }], { ack: 'written' });
    const reader = await openOn(fs, { ...options, readOnly: true });
    const iterator = reader.read({ follow: true })[Symbol.asyncIterator]();
    expect((await iterator.next()).value).toHaveLength(2);
    const next = errorOf(iterator.next());
    // What a power failure does, while the reader is waiting.
    const file = await fs.open(firstSegment, 'write');
    await file.truncate(fileOf(fs.image(), firstSegment).indexOf('{"position":2'));
    const second = await openOn(fs, options);
    expect(await next).toMatchObject({ code: 'NOT_FOUND', details: { reason: 'lost' } });
    await reader.close();
    await second.close();
  },
);

test('once a log is closed, cat shows one event a line and no empty lines', async () => {
  const dir = await scratchDir();
  const log = await openEventLog({ dir, clock: () => 5 });
  await log.append('task/a', [{ type: 'task.submitted', prompt: 'hi' }]);
  await log.close();
  const lines = (await readFile(`${dir}/00000001.jsonl`, 'utf8')).split('\n');
  expect(lines[2]).toMatch(
    /^{"position":1,"stream":"task\/a","revision":1,"time":5,"type":"task.submitted","prompt":"hi","synced":"[0-9a-f]{8}","crc":"[0-9a-f]{8}"}$/,
  );
  expect(lines.length).toBe(5);
  expect(lines[4]).toBe('');
});

test('a reader beside a writer that is killed goes on with the next writer', async () => {
  const dir = await scratchDir();
  const writer = startFixture('append-forever', dir);
  await printed(writer, 'open 1');
  const reader = await openEventLog({ dir, readOnly: true });
  const positions: number[] = [];
  const controller = new AbortController();
  const reading = (async () => {
    for await (const batch of reader.read({ follow: true, signal: controller.signal }))
      positions.push(...batch.map((event) => event.position));
  })();
  await expect.poll(() => positions.length).toBeGreaterThan(50);
  await kill(writer);
  const log = await openEventLog({ dir });
  const { last } = await log.append('more', [{ type: 'x' }]);
  await expect.poll(() => positions.at(-1)).toBe(last);
  controller.abort();
  await reading;
  expect(positions).toEqual(positions.map((_, index) => index + 1));
  await reader.close();
  await log.close();
});

test.each([
  ['its beginning', 30, Infinity],
  ['its end, as a read may see it that was held up', 0, 30],
])(
  'of a line that was being written a reader saw only %s: that is no damage, in a later segment either',
  async (_, from, to) => {
    const disk = new FaultFs();
    const options = { segmentBytes: 8192 };
    const log = await openOn(disk, options);
    const second = join(dir, '00000002.jsonl');
    const append = () => log.append('a', [{ type: 'x', pad: 'x'.repeat(200) }, { type: 'y' }]);
    while (!disk.image().has(second)) await append();
    await append();
    const before = fileOf(disk.image(), second).toString().replace(/\n+$/, '\n').length;
    for (let n = 0; n < 3; n += 1) await append();
    // At the first look at all of it a line is half written; by the next one, that was done long ago.
    let isTorn = true;
    const open: LogFs['open'] = async (path, mode) => {
      const file = await disk.open(path, mode);
      if (path !== second) return file;
      const read: LogFile['read'] = async (into, position) => {
        const count = await file.read(into, position);
        if (!isTorn || into.byteLength < 8192) return count;
        isTorn = false;
        into.fill(0x0a, before + from - position, Math.min(before + to - position, count));
        return count;
      };
      return { ...delegatedFile(file), read };
    };
    const fs = { ...delegatedFs(disk), open };
    const reader = await openEventLog({ dir, fs, readOnly: true, ...options });
    expect(isTorn).toBe(false);
    expect((await collect(reader)).length).toBe((await collect(log)).length);
    await reader.close();
    await log.close();
  },
);

test('a reader takes a snapshot that the writer made after the reader was opened', async () => {
  const dir = await scratchDir();
  const log = await openEventLog({ dir });
  await log.append('a', [{ type: 'x' }]);
  const reader = await openEventLog({ dir, readOnly: true });
  const { last } = await log.append('a', [{ type: 'y' }]);
  const snapshot = { version: '1', position: last, state: ['x', 'y'] };
  await log.writeSnapshot('fold', snapshot);
  expect(await reader.readSnapshot('fold', '1')).toEqual(snapshot);
  expect(reader.problems).toEqual([]);
  await reader.close();
  await log.close();
});

test('a reader that took the last segment from its checkpoint follows the next writer', async () => {
  const fs = new FaultFs(await longSegment());
  const reader = await openOn(fs, { ...longOptions, readOnly: true });
  const log = await openOn(fs, longOptions);
  await log.append('s7', [{ type: 'x', n: 207 }]);
  expect((await collect(reader, { stream: 's7' })).at(-1)).toMatchObject({ n: 207, revision: 5, position: 201 });
  expect(reader.revision('s7')).toBe(5);
  await log.append('new', [{ type: 'x' }]);
  await collect(reader);
  expect([reader.head, reader.revision('new')]).toEqual([202, 1]);
  await log.close();
  await reader.close();
});

test('a reader that took the last segment from a checkpoint sees a writer go on in it that had none', async () => {
  const fs = new FaultFs(await longSegment());
  const reader = await openOn(fs, { ...longOptions, readOnly: true });
  await fs.remove(`${dir}/00000001.checkpoint`);
  // For which the segment is not long.
  const log = await openOn(fs, { segmentBytes: 1024 * 1024, preallocateBytes: 0 });
  await log.append('s7', [{ type: 'x', n: 207 }]);
  expect([...fs.image().keys()].filter((path) => path.endsWith('.jsonl'))).toHaveLength(1);
  // An end that does not fit is given up at the second look.
  for (let looks = 0; looks < 2; looks += 1) await collect(reader);
  expect([reader.head, reader.revision('s7')]).toEqual([201, 5]);
  expect((await collect(reader, { stream: 's7' })).map(({ revision }) => revision)).toEqual([1, 2, 3, 4, 5]);
  await log.close();
  await reader.close();
});
