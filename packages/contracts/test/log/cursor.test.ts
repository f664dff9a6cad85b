import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatCursor, parseCursor } from '../../src/log/index.ts';

describe('a cursor', () => {
  it('reads back as it was made', () => {
    const parts = fc.record({
      logId: fc.stringMatching(/^[a-z0-9]{1,40}$/),
      epoch: fc.nat(),
      position: fc.maxSafeNat().filter((position) => position < 1e15),
    });
    fc.assert(
      fc.property(parts, (each) => {
        expect(parseCursor(formatCursor(each))).toEqual(each);
      }),
    );
  });

  it.each([
    '',
    'now',
    'c1.log.1',
    'c2.log.1.1',
    'c1.LOG.1.1',
    'c1.log.-1.1',
    'c1.log.1.1.1',
    'c1.log.1.1e3',
    'c1.log.1.1\n',
  ])('is not %j', (text) => {
    expect(() => parseCursor(text)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', hint: expect.stringContaining('cursor') }),
    );
  });

  it('does not repeat a whole page of nonsense in its error', () => {
    expect(() => parseCursor('x'.repeat(100_000))).toThrow(
      expect.objectContaining({ message: expect.stringMatching(/^.{1,200}$/) }),
    );
  });
});
