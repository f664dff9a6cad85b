import { maxEventTextChars } from '@runtime/contracts/adapter';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { eventPieces, MessageText } from '../../src/source/index.ts';

const isWhole = (text: string): boolean => !/\p{Surrogate}/u.test(text);

describe('eventPieces', () => {
  it('cuts a text into pieces that fit, and no character in two', () => {
    expect(eventPieces('')).toEqual([]);
    expect(eventPieces('short')).toEqual(['short']);
    const text = `x${'😀'.repeat(maxEventTextChars)}`;
    const pieces = eventPieces(text);
    expect(pieces.join('')).toBe(text);
    expect(pieces.every((piece) => piece.length <= maxEventTextChars && isWhole(piece))).toBe(true);
  });
});

describe('MessageText', () => {
  const completed = (parts: readonly string[]) => {
    const message = new MessageText();
    for (const part of parts) message.append(part);
    return message.completed();
  };

  it('is the whole text as long as it fits', () => {
    expect(completed([])).toEqual({ text: '' });
    expect(completed(['a', 'b😀'])).toEqual({ text: 'ab😀' });
    const full = 'x'.repeat(maxEventTextChars);
    expect(completed([full])).toEqual({ text: full });
  });

  it('is the head and the tail of a longer one, with what is missing between them', () => {
    const { text, omittedChars = 0 } = completed(['begin', 'x'.repeat(10 * maxEventTextChars), 'end']);
    expect(text.startsWith('beginx')).toBe(true);
    expect(text.endsWith('xend')).toBe(true);
    expect(text.length).toBeLessThanOrEqual(maxEventTextChars);
    expect(text.length + omittedChars).toBe(10 * maxEventTextChars + 8);
  });

  it('is the same and whole however the text came in pieces', () => {
    const length = fc.integer({ min: 1, max: 90_000 });
    fc.assert(
      fc.property(fc.array(length, { minLength: 1, maxLength: 12 }), (lengths) => {
        const parts = lengths.map((count, index) => (index % 2 === 0 ? '😀' : 'ab').repeat(count));
        const result = completed(parts);
        expect(isWhole(result.text)).toBe(true);
        expect(result.text.length).toBeLessThanOrEqual(maxEventTextChars);
        expect(result.text.length + (result.omittedChars ?? 0)).toBe(parts.join('').length);
      }),
      { numRuns: 30 },
    );
  });
});
