import fc from 'fast-check';
import { expect, it } from 'vitest';
import { FrameReader, maxFrameChars, requestSchema, responseSchema } from '../../src/socket/frames.ts';

const violation = expect.objectContaining({ code: 'PROTOCOL_VIOLATION' });

/** The same bytes, cut at these places. */
function cut(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [...new Set(cuts.map((place) => place % (bytes.length + 1)))].toSorted((a, b) => a - b);
  return [0, ...places].map((from, index) => bytes.subarray(from, places[index] ?? bytes.length));
}

it('frames come out as they went in, however the socket cuts them', () => {
  const documents = fc.array(fc.jsonValue({ maxDepth: 2 }), { maxLength: 8 });
  fc.assert(
    fc.property(documents, fc.array(fc.nat(), { maxLength: 30 }), (values, cuts) => {
      const texts = values.map((value) => JSON.stringify(value));
      const reader = new FrameReader();
      const frames = cut(Buffer.from(texts.map((text) => `${text}\n`).join('')), cuts).flatMap((chunk) =>
        reader.push(chunk),
      );
      expect(frames.map((frame) => JSON.stringify(frame))).toEqual(texts);
    }),
    { numRuns: 200 },
  );
});

it('frames may hold characters that are cut in two', () => {
  const reader = new FrameReader();
  const bytes = Buffer.from('"🙂é"\n');
  expect([...bytes].flatMap((byte) => reader.push(Buffer.from([byte])))).toEqual(['🙂é']);
});

it('frames may have empty lines between them, and wait for their end', () => {
  const reader = new FrameReader();
  expect(reader.push(Buffer.from('\n\n1\n\n2'))).toEqual([1]);
  expect(reader.push(Buffer.from('3\n'))).toEqual([23]);
});

it.each(['{', 'hello', '{"a":1}}', "{'a':1}"])('a frame that is not JSON is refused: %s', (text) => {
  expect(() => new FrameReader().push(Buffer.from(`${text}\n`))).toThrow(violation);
});

it('a frame that grows without end is refused', () => {
  const reader = new FrameReader();
  const chunk = Buffer.alloc(1024 * 1024, 'x');
  expect(() => {
    for (let sent = 0; sent <= maxFrameChars; sent += chunk.length) reader.push(chunk);
  }).toThrow(violation);
});

it('a frame that is too large is refused, although it does end', () => {
  expect(() => new FrameReader().push(Buffer.from(`"${'x'.repeat(maxFrameChars)}"\n`))).toThrow(violation);
});

it('requests and answers are checked against their schemas', () => {
  expect(requestSchema.parse({ id: 1, kind: 'call', method: 'info' })).toEqual({
    id: 1,
    kind: 'call',
    method: 'info',
    params: {},
  });
  for (const wrong of [{ id: -1, kind: 'call' }, { id: 1, kind: 'shout' }, { id: 1, kind: 'call', more: 1 }, [], null])
    expect(requestSchema.safeParse(wrong).success).toBe(false);
  expect(
    responseSchema.safeParse({ id: 1, kind: 'error', error: { code: 'NEW', message: '', retry: 'never' } }).success,
  ).toBe(false);
});
