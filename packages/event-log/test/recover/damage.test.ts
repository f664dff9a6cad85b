import { spawnSync } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { errorOf, FaultFs, type DiskImage } from '@runtime/conformance/event-log';
import { encodeRecord } from '../../src/format/records.ts';
import { openEventLog } from '../../src/index.ts';
import { scratchDir } from '../support/child.ts';
import { fileOf, firstSegment, flip, openOn, recover, withFile, without } from '../support/fault-log.ts';

const oneSegment = { segmentBytes: 1024 * 1024 };

/** A closed log in one segment: batches of 1, 3 and 2 events. */
async function closedLog(): Promise<DiskImage> {
  const fs = new FaultFs();
  const log = await openOn(fs, oneSegment);
  await log.append('a', [{ type: 'x', text: 'ü' }]);
  await log.append('b', [{ type: 'x' }, { type: 'y' }, { type: 'z' }]);
  await log.append('a', [{ type: 'x' }, { type: 'y' }]);
  await log.close();
  return fs.image();
}

/** The log of a process that died after its last append: without the line that closing writes. */
function killed(image: DiskImage): DiskImage {
  const bytes = fileOf(image, firstSegment);
  const cut = bytes.subarray(0, bytes.lastIndexOf('{"log":"close"'));
  // Nor has it noted in its claim how far it came.
  return without(withFile(image, firstSegment, cut), 'writer-');
}

function brokenBytes(image: DiskImage): Buffer {
  const parts = [...image].filter(([path]) => path.endsWith('.broken')).map(([, bytes]) => Buffer.from(bytes));
  return Buffer.concat(parts);
}

test('a closed log that was cut anywhere keeps its whole batches, and the rest is set aside', async () => {
  // Without what the writer noted in its claim when it closed: that would prove that a part is missing.
  const image = without(await closedLog(), 'writer-');
  const bytes = fileOf(image, firstSegment);
  const ends = [...bytes.toString('latin1').matchAll(/\n/g)].map((match) => match.index + 1);
  for (let length = 0; length <= bytes.length; length += 1) {
    const { events, fs, log } = await recover(withFile(image, firstSegment, bytes.subarray(0, length)), oneSegment);
    // Lines 0 and 1 are the log's own; then 1, 3 and 2 events.
    const whole = [2, 5, 7].filter((lines) => (ends[lines] ?? 0) <= length);
    const expected = [0, 1, 4, 6][whole.length] ?? 0;
    expect(events.length, `cut at ${length}`).toBe(expected);
    const kept = brokenBytes(fs.image());
    const atLineEnd = length === 0 || [0, 1, 2, 5, 7, 8].some((line) => ends[line] === length);
    expect(kept.length > 0, `cut at ${length}`).toBe(!atLineEnd);
    expect(bytes.subarray(0, length).subarray(length - kept.length)).toEqual(kept);
    expect(log.problems.length).toBe(kept.length > 0 ? 1 : 0);
  }
});

test('every flipped bit before the last batch is refused with its offset, and no file is changed', async () => {
  const image = killed(await closedLog());
  const bytes = fileOf(image, firstSegment);
  const lastBatch = bytes.lastIndexOf('{"position":5');
  for (let bit = 0; bit < lastBatch * 8; bit += 1) {
    const flipped = withFile(image, firstSegment, flip(bytes, bit));
    const fs = new FaultFs(flipped);
    const error = await errorOf(openOn(fs, oneSegment));
    expect(error.code, `bit ${bit}`).toBe('DATA_CORRUPT');
    const line = bytes.lastIndexOf('\n', Math.max(0, Math.floor(bit / 8) - 1)) + 1;
    expect(error.details, `bit ${bit}`).toMatchObject({
      file: '00000001.jsonl',
      offset: Math.floor(bit / 8) === 0 ? 0 : line,
    });
    expect(without(fs.image(), 'writer-')).toEqual(new FaultFs(flipped).image());
  }
});

test('the last batch of a killed log is set aside and reported when a bit of it is flipped', async () => {
  const image = killed(await closedLog());
  const bytes = fileOf(image, firstSegment);
  const lastBatch = bytes.lastIndexOf('{"position":5');
  for (let bit = lastBatch * 8; bit < bytes.length * 8; bit += 1) {
    const { events, fs, log } = await recover(withFile(image, firstSegment, flip(bytes, bit)), oneSegment);
    expect(events.length, `bit ${bit}`).toBe(4);
    expect(log.problems, `bit ${bit}`).toMatchObject([
      { file: '00000001.jsonl', action: expect.stringContaining('set aside') },
    ]);
    expect(brokenBytes(fs.image())).toEqual(flip(bytes, bit).subarray(lastBatch));
  }
});

test('a damaged event that was written and not synced is set aside with all later ones, as after a power failure', async () => {
  const fs = new FaultFs();
  const log = await openOn(fs, oneSegment);
  await log.append('a', [{ type: 'durable' }]);
  await log.append('a', [{ type: 'written' }], { ack: 'written' });
  await log.append('a', [{ type: 'later' }], { ack: 'written' });
  const bytes = fileOf(fs.image(), firstSegment);
  const damaged = flip(bytes, bytes.indexOf('"written"') * 8);
  const { events, log: again } = await recover(withFile(fs.image(), firstSegment, damaged), oneSegment);
  expect(events.map((event) => event.type)).toEqual(['durable']);
  expect(again.problems).toHaveLength(1);
  await log.close();
});

test('once a log was closed, no flipped bit in an event counts as a torn write', async () => {
  const image = await closedLog();
  const bytes = fileOf(image, firstSegment);
  const end = bytes.lastIndexOf('{"log":"close"');
  for (let bit = 5; bit < end * 8; bit += bit > end * 8 - 20 ? 1 : 7) {
    const error = await errorOf(openOn(new FaultFs(withFile(image, firstSegment, flip(bytes, bit))), oneSegment));
    expect(error.code, `bit ${bit}`).toBe('DATA_CORRUPT');
  }
});

test.each([
  ['a position that is left out', { position: 8, stream: 'a', revision: 4 }],
  ['a position that came before', { position: 6, stream: 'a', revision: 4 }],
  ['a revision that is left out', { position: 7, stream: 'a', revision: 5 }],
  ['a revision that came before', { position: 7, stream: 'a', revision: 3 }],
])('a whole line with %s is damage', async (_, envelope) => {
  const image = killed(await closedLog());
  const bytes = fileOf(image, firstSegment);
  const line = encodeRecord({ ...envelope, time: 1, type: 'x' }, bytes.length);
  const later = encodeRecord({ log: 'close', epoch: 1, last: 7 }, bytes.length + line.length);
  const error = await errorOf(
    openOn(new FaultFs(withFile(image, firstSegment, Buffer.concat([bytes, line, later]))), oneSegment),
  );
  expect(error).toMatchObject({ code: 'DATA_CORRUPT', details: { offset: bytes.length } });
});

test('a missing line is found although every other line is whole', async () => {
  const image = await closedLog();
  const lines = fileOf(image, firstSegment).toString().split('\n');
  for (const missing of [0, 1, 2, 3, 4, 5, 6, 7]) {
    const text = lines.filter((_, index) => index !== missing).join('\n');
    const error = await errorOf(openOn(new FaultFs(withFile(image, firstSegment, Buffer.from(text))), oneSegment));
    expect(error.code, `line ${missing}`).toBe('DATA_CORRUPT');
  }
});

test.each([
  ['zeros', Buffer.alloc(3000)],
  ['line feeds', Buffer.alloc(3000, 0x0a)],
  ['half a line', Buffer.from('{"position":7,"stream":"a"')],
  ['noise', Buffer.from('\u0007\n\n}{\n\n')],
])('%s after the last batch are a torn write', async (_, tail) => {
  const image = killed(await closedLog());
  const { events, log } = await recover(
    withFile(image, firstSegment, Buffer.concat([fileOf(image, firstSegment), tail])),
    oneSegment,
  );
  expect(events.length).toBe(6);
  expect(log.problems.length).toBe(tail.every((byte) => byte === 0x0a) ? 0 : 1);
});

test('a FIFO in the place of a segment is refused, and not waited for', async () => {
  const dir = await scratchDir();
  const log = await openEventLog({ dir });
  await log.append('a', [{ type: 'x' }]);
  await log.close();
  const segment = join(dir, '00000001.jsonl');
  await rm(segment);
  spawnSync('mkfifo', [segment]);
  expect((await errorOf(openEventLog({ dir, readOnly: true }))).code).toBe('UNAVAILABLE');
});
