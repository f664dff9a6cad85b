import { expect, test } from 'vitest';
import { LineBuffer } from '../../src/format/line-buffer.ts';
import { eachLine, isOfStream, Line, lineText, parseLine } from '../../src/format/line.ts';
import * as fc from 'fast-check';

const event = fc.record({
  position: fc.nat(),
  stream: fc.stringMatching(/^[a-z/]{1,20}$/),
  revision: fc.nat(),
  time: fc.nat(),
  type: fc.string({ unit: 'binary' }),
  data: fc.jsonValue(),
});

function encode(events: readonly object[], synced: number): Buffer {
  const lines = new LineBuffer();
  for (const value of events) lines.add(JSON.stringify(value));
  return Buffer.from(lines.finish(synced));
}

test('whatever is encoded is read back, and only the first line says what was durable', () => {
  fc.assert(
    fc.property(fc.array(event, { minLength: 1, maxLength: 8 }), fc.nat({ max: 0xffffffff }), (events, synced) => {
      const bytes = encode(events, synced);
      const read: unknown[] = [];
      const claims: number[] = [];
      const line = new Line();
      eachLine(bytes, (start, end) => {
        expect(parseLine(bytes, start, end, line)).toBe(true);
        const original = events[read.length];
        expect(line).toMatchObject({
          event: true,
          position: original?.position,
          revision: original?.revision,
          more: 0,
        });
        expect(bytes.toString('latin1', line.streamStart, line.streamEnd)).toBe(original?.stream);
        expect(isOfStream(bytes, start, Buffer.from(`${original?.stream}"`))).toBe(true);
        expect(isOfStream(bytes, start, Buffer.from(`${original?.stream}x"`))).toBe(false);
        claims.push(line.synced);
        read.push(JSON.parse(lineText(bytes, start, line)));
      });
      expect(read).toEqual(JSON.parse(JSON.stringify(events)));
      expect(claims).toEqual(events.map((_, index) => (index === 0 ? synced : -1)));
    }),
  );
});

test('an event is framed as its JSON would be with the log’s fields in front', () => {
  const content = fc.record({ type: fc.string({ unit: 'binary' }), data: fc.jsonValue() });
  fc.assert(
    fc.property(fc.array(fc.tuple(event, content, fc.nat({ max: 2 })), { minLength: 1, maxLength: 5 }), (items) => {
      const [framed, whole] = [new LineBuffer(), new LineBuffer()];
      for (const [{ position, stream, revision, time }, fields, more] of items) {
        framed.addEvent(JSON.stringify(fields), { position, stream, revision, time, more });
        whole.add(JSON.stringify({ position, stream, revision, time, ...fields, ...(more > 0 ? { more } : {}) }));
      }
      expect(framed.finish(77).toString()).toBe(whole.finish(77).toString());
    }),
  );
  const lines = new LineBuffer();
  const last = Number.MAX_SAFE_INTEGER;
  lines.addEvent('{"type":"x"}', { position: last, stream: 'a', revision: last - 9, time: 0, more: 0 });
  expect(JSON.parse(lines.finish(0).toString())).toMatchObject({ position: last, revision: last - 9, time: 0 });
});

test('every line is JSON as it stands', () => {
  const text = encode(
    [{ position: 1, stream: 'a', revision: 1, time: 1, type: 'x', more: 3 }, { log: 'epoch' }],
    255,
  ).toString();
  const lines = text
    .trimEnd()
    .split('\n')
    .map((line): unknown => JSON.parse(line));
  expect(lines).toMatchObject([
    { more: 3, synced: '000000ff' },
    { log: 'epoch', crc: expect.stringMatching(/^[0-9a-f]{8}$/) },
  ]);
});

test('a line that was cut or has a flipped bit is never accepted', () => {
  const bytes = encode([{ position: 12, stream: 'task/a', revision: 3, time: 5, type: 'x', text: 'é' }], 7);
  const end = bytes.length - 1;
  const line = new Line();
  expect(parseLine(bytes, 0, end, line)).toBe(true);
  for (let cut = 0; cut < end; cut += 1) expect(parseLine(bytes, 0, cut, line), `cut at ${cut}`).toBe(false);
  for (let bit = 0; bit < end * 8; bit += 1) {
    const flipped = Buffer.from(bytes);
    flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    expect(parseLine(flipped, 0, end, line), `bit ${bit}`).toBe(false);
  }
});

test('fields inside the data of an event are not read as fields of the log', () => {
  const bytes = encode(
    [
      { position: 1, stream: 'a', revision: 1, time: 1, type: 'x' },
      { position: 2, stream: 'a', revision: 2, time: 1, type: 'x', data: { more: 5, synced: '00000009' } },
    ],
    0,
  );
  const seen: [number, number][] = [];
  const line = new Line();
  eachLine(bytes, (start, end) => {
    parseLine(bytes, start, end, line);
    seen.push([line.more, line.synced]);
  });
  expect(seen).toEqual([
    [0, 0],
    [0, -1],
  ]);
});
