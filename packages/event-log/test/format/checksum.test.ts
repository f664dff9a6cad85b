import { crc32 } from 'node:zlib';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { Checksum } from '../../src/format/checksum.ts';

test('the checksum equals zlib’s for every stretch, short or long', () => {
  const bytes = fc.uint8Array({ maxLength: 2000 });
  fc.assert(
    fc.property(bytes, fc.nat({ max: 40 }), fc.nat({ max: 40 }), (all, start, cut) => {
      const buffer = Buffer.concat([Buffer.from('odd'), all]).subarray(3);
      const end = Math.max(start, all.length - cut);
      if (start > all.length) return;
      const checksum = new Checksum();
      expect(checksum.of(buffer, start, end)).toBe(crc32(buffer.subarray(start, end)));
      expect(checksum.of(Buffer.from(buffer), start, end)).toBe(crc32(buffer.subarray(start, end)));
    }),
  );
  for (let length = 0; length < 600; length += 1) {
    const buffer = Buffer.alloc(length, 'event log');
    expect(new Checksum().of(buffer, 0, length)).toBe(crc32(buffer));
  }
});
