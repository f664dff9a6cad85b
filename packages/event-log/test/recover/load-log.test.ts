import { collect, errorOf, FaultFs } from '@runtime/conformance/event-log';
import { expect, test } from 'vitest';
import { verifyLog } from '../../src/index.ts';
import type { LogFs } from '../../src/testing.ts';
import { delegatedFile, delegatedFs } from '../support/delegated.ts';
import { dir, openOn, withFile, without } from '../support/fault-log.ts';
import { manySegments } from '../support/many-segments.ts';

test('a missing segment is refused by its name', async () => {
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

test('a log of a newer format is refused, and a log without a FORMAT file too', async () => {
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

test('a reader beside the first opening, which writes FORMAT after the reader looked for it, reads the events', async () => {
  const disk = new FaultFs(await manySegments());
  let hidden = true;
  const open: LogFs['open'] = async (path, mode) => {
    if (!hidden || !path.endsWith('/FORMAT')) return disk.open(path, mode);
    hidden = false;
    throw Object.assign(new Error('not there yet'), { code: 'ENOENT' });
  };
  const fs = { ...delegatedFs(disk), open };
  const reader = await openOn(fs, { readOnly: true });
  expect(hidden).toBe(false);
  expect((await collect(reader)).length).toBeGreaterThan(0);
  await reader.close();
});

test('an opening that cannot claim its next epoch closes its first claim once, and says why', async () => {
  // Without the claims of its writers: the first claim is too low.
  const disk = new FaultFs(without(await manySegments(), '/writer-'));
  let creations = 0;
  const closes: string[] = [];
  const open: LogFs['open'] = async (path, mode) => {
    if (mode === 'create') creations += 1;
    if (creations === 2) throw Object.assign(new Error('too many open files'), { code: 'EMFILE' });
    const file = await disk.open(path, mode);
    const close = async (): Promise<void> => {
      closes.push(path);
      await file.close();
    };
    return mode === 'create' ? { ...delegatedFile(file), close } : file;
  };
  const error = await errorOf(openOn({ ...delegatedFs(disk), open }));
  expect(error.rawMessage).toContain('too many open files');
  expect(closes).toHaveLength(1);
});
