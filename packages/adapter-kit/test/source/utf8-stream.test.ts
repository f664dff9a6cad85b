import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Utf8Stream } from '../../src/source/utf8-stream.ts';

function decode(pieces: readonly Buffer[]): { text: string; invalid: number[] } {
  const stream = new Utf8Stream();
  const decoded = [...pieces.map((piece) => stream.push(piece)), stream.flush()];
  return {
    text: decoded.map(({ text }) => text).join(''),
    invalid: decoded.flatMap(({ invalid }) => (invalid ? [invalid.offset] : [])),
  };
}

const bytes = fc
  .array(fc.oneof(fc.nat(255), fc.constantFrom(0xe2, 0x80, 0xa8, 0xf0, 0x9f, 0x98, 0xc3, 0xa9, 0xff)))
  .map((list) => Buffer.from(list));

test('pieces decode as the whole does, wherever it is cut', () => {
  fc.assert(
    fc.property(bytes, fc.nat(50), (whole, cut) => {
      const pieces = [whole.subarray(0, cut), whole.subarray(cut)];
      expect(decode(pieces).invalid).toEqual(decode([whole]).invalid);
      expect(decode([...whole].map((byte) => Buffer.of(byte))).invalid).toEqual(decode([whole]).invalid);
      expect(decode(pieces).text).toBe(decode([whole]).text);
    }),
    { numRuns: 500 },
  );
});

test('what is text comes out as it went in', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary' }),
      (text) => void expect(decode([Buffer.from(text)])).toEqual({ text, invalid: [] }),
    ),
  );
});

test.each([
  [[0x61, 0xff, 0x62], 1],
  [[0x61, 0xe2, 0x28], 1],
  [[0xef, 0xbf, 0xbd, 0xc0], 3],
  [[0xe2, 0x80], 0],
  [[...Buffer.from('x'.repeat(100_000)), 0x80], 100_000],
])('the first byte that is no character is found (%#)', (list, offset) => {
  expect(decode([Buffer.from(list)]).invalid).toEqual([offset]);
});
