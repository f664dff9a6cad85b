import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FrameReader, maxFrameChars, requestSchema, responseSchema } from '../../src/socket/frames.ts';

const violation = expect.objectContaining({ code: 'PROTOCOL_VIOLATION' });

/** The same bytes, cut at these places. */
function cut(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [...new Set(cuts.map((place) => place % (bytes.length + 1)))].toSorted((a, b) => a - b);
  return [0, ...places].map((from, index) => bytes.subarray(from, places[index] ?? bytes.length));
}

describe('frames', () => {
  it('come out as they went in, however the socket cuts them', () => {
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

  it('may hold characters that are cut in two', () => {
    const reader = new FrameReader();
    const bytes = Buffer.from('"🙂é"\n');
    expect([...bytes].flatMap((byte) => reader.push(Buffer.from([byte])))).toEqual(['🙂é']);
  });

  it('may have empty lines between them, and wait for their end', () => {
    const reader = new FrameReader();
    expect(reader.push(Buffer.from('\n\n1\n\n2'))).toEqual([1]);
    expect(reader.push(Buffer.from('3\n'))).toEqual([23]);
  });

  it.each(['{', 'hello', '{"a":1}}', "{'a':1}"])('are refused when they are no JSON: %s', (text) => {
    expect(() => new FrameReader().push(Buffer.from(`${text}\n`))).toThrow(violation);
  });

  it('are refused when they grow without end', () => {
    const reader = new FrameReader();
    const chunk = Buffer.alloc(1024 * 1024, 'x');
    expect(() => {
      for (let sent = 0; sent <= maxFrameChars; sent += chunk.length) reader.push(chunk);
    }).toThrow(violation);
  });

  it('are refused when they are too large, although they do end', () => {
    expect(() => new FrameReader().push(Buffer.from(`"${'x'.repeat(maxFrameChars)}"\n`))).toThrow(violation);
  });

  it('are taken strictly from a client, and only in their kinds from an owner', () => {
    expect(requestSchema.parse({ id: 1, kind: 'call', method: 'info' })).toEqual({
      id: 1,
      kind: 'call',
      method: 'info',
      params: {},
    });
    for (const wrong of [
      { id: -1, kind: 'call' },
      { id: 1, kind: 'shout' },
      { id: 1, kind: 'call', more: 1 },
      [],
      null,
    ])
      expect(requestSchema.safeParse(wrong).success).toBe(false);
    expect(
      responseSchema.safeParse({ id: 1, kind: 'error', error: { code: 'NEW', message: '', retry: 'never' } }).success,
    ).toBe(false);
  });
});
