import { errorOf, FaultFs } from '@runtime/conformance/event-log';
import { expect, test } from 'vitest';
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
