import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { Utf8Stream } from '../../src/source/utf8-stream.ts';

/** Mostly text, with bytes among it that are none. */
const bytes = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'binary' }).map((text) => Buffer.from(text.replaceAll(/[\uD800-\uDFFF]/g, ''))),
      fc.uint8Array({ maxLength: 4 }).map((some) => Buffer.from(some)),
    ),
  )
  .map((parts) => Buffer.concat(parts));

function decode(whole: Buffer, cuts: readonly number[]): { text: string; offsets: number[] } {
  const stream = new Utf8Stream();
  const edges = [...new Set([0, ...cuts.map((cut) => cut % (whole.length + 1)), whole.length])].sort((a, b) => a - b);
  const pieces = edges.slice(1).map((edge, index) => stream.push(whole.subarray(edges[index], edge)));
  const all = [...pieces, stream.flush()];
  return {
    text: all.map(({ text }) => text).join(''),
    offsets: all.flatMap(({ invalid }) => (invalid ? [invalid.offset] : [])),
  };
}

test('however bytes are cut, the text and the first wrong byte are the same', () => {
  fc.assert(
    fc.property(bytes, fc.array(fc.nat(1000)), (whole, cuts) => {
      expect(decode(whole, cuts)).toEqual(decode(whole, []));
      expect(decode(whole, cuts).text).toBe(whole.toString('utf8'));
    }),
  );
});

test('a byte order mark stays', () => {
  expect(new Utf8Stream().push(Buffer.from('\uFEFFa')).text).toBe('\uFEFFa');
});
