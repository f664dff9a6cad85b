import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { DiskImage } from '@runtime/conformance/event-log';
import { collect, errorOf, FaultFs } from '@runtime/conformance/event-log';
import type { LogFs } from '../../src/index.ts';
import { verifyLog } from '../../src/index.ts';
import { dir, openOn, withFile } from '../support/fault-log.ts';

/** A closed log of several small segments. */
async function manySegments(): Promise<DiskImage> {
  const fs = new FaultFs();
  const log = await openOn(fs);
  for (let n = 0; n < 60; n += 1)
    await log.append(`s${n % 4}`, [{ type: 'x', n }], { ack: n % 2 === 0 ? 'durable' : 'written' });
  await log.writeSnapshot('fold', { version: 'v1', position: 60, state: 'whole' });
  await log.close();
  return fs.image();
}

/** Tells which files are opened. */
function watched(fs: FaultFs): { fs: LogFs; opened: string[] } {
  const opened: string[] = [];
  const open: LogFs['open'] = (path, mode) => {
    opened.push(path.slice(dir.length + 1));
    return fs.open(path, mode);
  };
  return {
    opened,
    fs: {
      open,
      makeDir: () => fs.makeDir(),
      list: (path) => fs.list(path),
      rename: (from, to) => fs.rename(from, to),
      remove: (path) => fs.remove(path),
      syncDir: (path) => fs.syncDir(path),
    },
  };
}

function without(image: DiskImage, part: string): DiskImage {
  return new Map([...image].filter(([path]) => !path.includes(part)));
}

test('opening reads the last segment and the checkpoints of the others, and finds every stream by them', async () => {
  const image = await manySegments();
  const reads: number[] = [];
  const disk = new FaultFs(image);
  const { fs } = watched(disk);
  const counting: LogFs = {
    ...fs,
    open: async (path, mode) => {
      const file = await fs.open(path, mode);
      const read: typeof file.read = (into, position) => {
        if (path.endsWith('.jsonl')) reads.push(Number(path.slice(-14, -6)));
        return file.read(into, position);
      };
      return { ...file, read };
    },
  };
  const log = await openOn(counting);
  const last = [...image.keys()].filter((path) => path.endsWith('.jsonl')).length;
  expect(last).toBeGreaterThan(3);
  expect(new Set(reads)).toEqual(new Set([last]));
  expect([log.head, log.revision('s1'), [...log.streams()]]).toEqual([60, 15, ['s0', 's1', 's2', 's3']]);
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

test('a damaged checkpoint is passed over, reported, and made anew', async () => {
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

test('a checkpoint does not stand for a segment of another length', async () => {
  const image = await manySegments();
  const path = `${dir}/00000002.jsonl`;
  const bytes = image.get(path) ?? new Uint8Array();
  const cut = new FaultFs(withFile(image, path, bytes.subarray(0, -10)));
  expect(await errorOf(openOn(cut))).toMatchObject({ code: 'DATA_CORRUPT', details: { file: '00000002.jsonl' } });
});

test('a damaged snapshot is passed over and reported', async () => {
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

test('a missing segment is refused by name', async () => {
  const fs = new FaultFs(without(await manySegments(), '00000002.jsonl'));
  expect(await errorOf(openOn(fs))).toMatchObject({ code: 'DATA_CORRUPT', details: { file: '00000002.jsonl' } });
  expect((await verifyLog({ dir, fs })).problems).toMatchObject([
    { file: '00000002.jsonl', problem: 'missing' },
    { file: '00000003.jsonl' },
  ]);
});

test('a segment of another log is refused', async () => {
  const [image, other] = [await manySegments(), await manySegments()];
  const path = `${dir}/00000002.jsonl`;
  const mixed = without(withFile(image, path, other.get(path) ?? new Uint8Array()), '.checkpoint');
  expect(await errorOf(openOn(new FaultFs(mixed)))).toMatchObject({
    code: 'DATA_CORRUPT',
    details: { file: '00000002.jsonl', offset: 0 },
  });
});

test('a log of a newer format is refused, and so is one without a FORMAT file', async () => {
  const image = await manySegments();
  const newer = withFile(image, `${dir}/FORMAT`, Buffer.from('{"format":"runtime-event-log","version":2}\n'));
  for (const readOnly of [false, true]) {
    expect(await errorOf(openOn(new FaultFs(newer), { readOnly }))).toMatchObject({
      code: 'UNSUPPORTED',
      details: { version: 2, supported: 1 },
    });
  }
  expect((await errorOf(openOn(new FaultFs(without(image, '/FORMAT'))))).code).toBe('DATA_CORRUPT');
});

test('a log whose first segments are gone begins with what is there, and says that the rest was pruned', async () => {
  const image = await manySegments();
  const fs = new FaultFs(without(without(image, '00000001'), '00000002'));
  const log = await openOn(fs);
  const events = await collect(log);
  const origin = (events[0]?.position ?? 0) - 1;
  expect(origin).toBeGreaterThan(5);
  expect(events).toHaveLength(60 - origin);
  const reading = log.read({ after: log.cursor(1) })[Symbol.asyncIterator]();
  const error = await errorOf(reading.next());
  expect(error).toMatchObject({ code: 'NOT_FOUND', details: { reason: 'pruned', nearest: log.cursor(origin) } });
  expect(await log.append('s0', [{ type: 'x' }])).toMatchObject({ first: 61, revision: 16 });
  await log.close();
  expect((await verifyLog({ dir, fs })).problems).toEqual([]);
});

test('a segment of many chunks is read by stream and from any position, also by its checkpoint', async () => {
  const fs = new FaultFs();
  const options = { segmentBytes: 800 * 1024, preallocateBytes: 0 };
  const log = await openOn(fs, options);
  const pad = 'x'.repeat(30_000);
  for (let n = 0; n < 60; n += 1) await log.append(n % 20 === 0 ? 'rare' : `s${n % 2}`, [{ type: 'x', n, pad }]);
  const all = await collect(log);
  await log.close();
  expect((await verifyLog({ dir, fs })).segments).toBeGreaterThan(2);
  const again = await openOn(fs, options);
  for (const after of [0, 7, 25, 41, 59]) {
    for (const stream of ['s0', 's1', 'rare', undefined]) {
      const read = [];
      for await (const batch of again.read({ after: again.cursor(after), ...(stream === undefined ? {} : { stream }) }))
        read.push(...batch);
      expect(read).toEqual(all.slice(after).filter((event) => stream === undefined || event.stream === stream));
    }
  }
  await again.close();
});

test('any sequence of appends reads the same by log, by stream and after any position, now and after opening again', async () => {
  const append = fc.record({
    stream: fc.constantFrom('a', 'b', 'ab', 'task/a'),
    count: fc.integer({ min: 1, max: 5 }),
    pad: fc.string({ maxLength: 300, unit: 'binary' }),
  });
  const property = fc.asyncProperty(
    fc.array(append, { minLength: 1, maxLength: 40 }),
    fc.nat(),
    async (appends, seed) => {
      const fs = new FaultFs();
      const log = await openOn(fs);
      await Promise.all(
        appends.map(({ stream, count, pad }) =>
          log.append(
            stream,
            Array.from({ length: count }, (_, n) => ({ type: 'x', n, pad })),
          ),
        ),
      );
      const all = await collect(log);
      expect(all.map((event) => [event.stream, event['n'], event['pad']])).toEqual(
        appends.flatMap(({ stream, count, pad }) => Array.from({ length: count }, (_, n) => [stream, n, pad])),
      );
      await log.close();
      const again = await openOn(fs);
      expect(await collect(again)).toEqual(all);
      const after = seed % (all.length + 1);
      for (const stream of ['a', 'b', 'ab']) {
        const events = [];
        for await (const batch of again.read({ stream, after: again.cursor(after) })) events.push(...batch);
        expect(events).toEqual(all.slice(after).filter((event) => event.stream === stream));
      }
      await again.close();
    },
  );
  await fc.assert(property, { numRuns: 60 });
});
