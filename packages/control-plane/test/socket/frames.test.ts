import fc from 'fast-check';
import { expect, it } from 'vitest';
import { FrameReader, maxFrameBytes } from '../../src/socket/frames.ts';

const violation = expect.objectContaining({ code: 'PROTOCOL_VIOLATION' });

const read = (text: string): unknown[] => [...new FrameReader().read(Buffer.from(text))];

/** The same bytes, cut at these places. */
function cut(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [...new Set(cuts.map((place) => place % (bytes.length + 1)))].toSorted((a, b) => a - b);
  return [0, ...places].map((from, index) => bytes.subarray(from, places[index] ?? bytes.length));
}

it('frames come out as they went in, however the socket cuts them', () => {
  // The kit's parser drops keys of that name.
  const document = fc.jsonValue({ maxDepth: 2 }).filter((value) => !JSON.stringify(value).includes('__proto__'));
  const documents = fc.array(document, { maxLength: 8 });
  fc.assert(
    fc.property(documents, fc.array(fc.nat(), { maxLength: 30 }), (values, cuts) => {
      const texts = values.map((value) => JSON.stringify(value));
      const reader = new FrameReader();
      const frames = cut(Buffer.from(texts.map((text) => `${text}\n`).join('')), cuts).flatMap((chunk) => [
        ...reader.read(chunk),
      ]);
      expect(frames.map((frame) => JSON.stringify(frame))).toEqual(texts);
    }),
    { numRuns: 200 },
  );
});

it('frames may hold characters that are cut in two', () => {
  const reader = new FrameReader();
  const bytes = Buffer.from('"🙂é"\n');
  expect([...bytes].flatMap((byte) => [...reader.read(Buffer.from([byte]))])).toEqual(['🙂é']);
});

it('frames may have empty lines between them, and wait for their end', () => {
  const reader = new FrameReader();
  expect([...reader.read(Buffer.from('\n\n1\n\n2'))]).toEqual([1]);
  expect([...reader.read(Buffer.from('3\n'))]).toEqual([23]);
});

it.each(['{', 'hello', '{"a":1}}', "{'a':1}"])('a frame that is not JSON is refused: %s', (text) => {
  expect(() => read(`${text}\n`)).toThrow(violation);
});

it('a frame that grows without end is refused', () => {
  const reader = new FrameReader();
  const chunk = Buffer.alloc(1024 * 1024, 'x');
  expect(() => {
    for (let sent = 0; sent <= maxFrameBytes; sent += chunk.length) expect([...reader.read(chunk)]).toEqual([]);
  }).toThrow(violation);
});

it('a frame that is too large is refused, although it does end', () => {
  expect(() => read(`"${'x'.repeat(maxFrameBytes)}"\n`)).toThrow(violation);
});

it('a frame is nested at most 128 levels deep, which holds any event', () => {
  const nested = (levels: number): string => `${'['.repeat(levels)}${']'.repeat(levels)}\n`;
  expect(read(nested(128))).toHaveLength(1);
  expect(() => read(nested(129))).toThrow(violation);
});

it('frames before a broken one in the same chunk are still read', () => {
  const frames = new FrameReader().read(Buffer.from('1\n2\nhello\n3\n'));
  expect([frames.next().value, frames.next().value]).toEqual([1, 2]);
  expect(() => frames.next()).toThrow(violation);
});

it.each([
  ['keys', (many: number) => `{${Array.from({ length: many }, (_, n) => `"k${n}":1`).join(',')}}`],
  ['elements', (many: number) => `[${'1,'.repeat(many - 1)}1]`],
  ['brackets', (many: number) => `[${'[[]],'.repeat(many / 2)}1]`],
])('a frame holds at most as many %s as any request needs', (_what, text) => {
  expect(() => read(`${text(20_000)}\n`)).toThrow(violation);
  expect(read(`${text(5000)}\n`)).toHaveLength(1);
  expect(read(`"${',{[:'.repeat(20_000)}"\n`)).toHaveLength(1);
});

it('a frame of a server may hold as much as it likes', () => {
  const text = JSON.stringify(Array.from({ length: 50_000 }, () => ({})));
  expect([...new FrameReader(Infinity).read(Buffer.from(`${text}\n`))]).toHaveLength(1);
});

it('empty lines begin no frame', () => {
  const reader = new FrameReader();
  expect([...reader.read(Buffer.alloc(1_000_000, '\n'))]).toEqual([]);
  expect([...reader.read(Buffer.from('\r\n\r'))]).toEqual([]);
  expect([...reader.read(Buffer.from('\n\n'))]).toEqual([]);
  expect(reader.inFrame).toBe(false);
  expect([...reader.read(Buffer.from('\n7'))]).toEqual([]);
  expect(reader.inFrame).toBe(true);
  expect([...reader.read(Buffer.from('\n'))]).toEqual([7]);
});
