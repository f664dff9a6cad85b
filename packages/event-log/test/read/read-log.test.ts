import { collect, errorOf, FaultFs } from '@runtime/conformance/event-log';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { verifyLog } from '../../src/index.ts';
import { dir, openOn, withFile, without } from '../support/fault-log.ts';
import { manySegments } from '../support/many-segments.ts';

test('a log whose first segments were pruned begins with what is there, and refuses earlier cursors as pruned', async () => {
  const image = without(without(await manySegments(), '00000001'), '00000002');
  const format = Buffer.from('{"format":"runtime-event-log","version":1,"first":3}\n');
  const fs = new FaultFs(withFile(image, `${dir}/FORMAT`, format));
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

test('a segment of many chunks is read by stream and from any position, with its checkpoint too', async () => {
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

test('any sequence of appends reads the same as a whole, by stream and from any position, before and after reopening', async () => {
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
