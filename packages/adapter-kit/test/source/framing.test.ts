import * as fc from 'fast-check';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { LineSplitter, parseJsonLine, type Line, type OversizeLine } from '../../src/source/index.ts';

/** Cuts a buffer at these places. */
function chunked(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [...new Set([0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length])].sort((a, b) => a - b);
  return places.slice(1).map((end, index) => bytes.subarray(places[index], end));
}

function splitAll(splitter: LineSplitter, chunks: readonly Buffer[]): (Line | OversizeLine)[] {
  const lines = chunks.flatMap((chunk) => splitter.push(chunk));
  const rest = splitter.flush();
  return rest ? [...lines, rest] : lines;
}

/** The obvious way, over the whole. */
function reference(bytes: Buffer, cap: number): unknown[] {
  const lines: unknown[] = [];
  for (let start = 0; start < bytes.length;) {
    const at = bytes.indexOf(10, start);
    const stop = at === -1 ? bytes.length : at;
    const end = at === -1 ? stop : stop + 1;
    const content = bytes.subarray(start, stop).toString('latin1');
    if (content.length > cap) lines.push({ kind: 'oversize', start, end, head: content.slice(0, 4096) });
    else lines.push({ kind: 'line', start, end, text: at === -1 ? content : content.replace(/\r$/, '') });
    start = end;
  }
  return lines;
}

const plain = (line: Line | OversizeLine): unknown =>
  line.kind === 'line'
    ? { kind: 'line', start: line.start, end: line.end, text: line.bytes.toString('latin1') }
    : { kind: 'oversize', start: line.start, end: line.end, head: line.head.toString('latin1') };

describe('LineSplitter', () => {
  it('gives the same lines however the bytes are cut', () => {
    const byte = fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom(10, 13, 0xe2, 0x80, 0xa8, 97) },
      fc.integer({ min: 0, max: 255 }),
    );
    fc.assert(
      fc.property(
        fc.array(byte, { maxLength: 300 }),
        fc.array(fc.nat(300)),
        fc.integer({ min: 1, max: 40 }),
        (content, cuts, cap) => {
          const bytes = Buffer.from(content);
          const lines = splitAll(new LineSplitter({ maxLineBytes: cap }), chunked(bytes, cuts));
          expect(lines.map(plain)).toEqual(reference(bytes, cap));
        },
      ),
      { numRuns: 500 },
    );
  });

  it('keeps U+2028, half characters and NUL inside a line', () => {
    const bytes = Buffer.from('{"a":"\u2028 ü \u0000"}\nnext\n');
    for (let cut = 0; cut <= bytes.length; cut += 1) {
      const [first, second] = splitAll(new LineSplitter(), [bytes.subarray(0, cut), bytes.subarray(cut)]);
      expect(first?.kind === 'line' && first.bytes.toString()).toBe('{"a":"\u2028 ü \u0000"}');
      expect(second).toMatchObject({ kind: 'line', end: bytes.length });
    }
  });

  it('counts offsets from where it is told to', () => {
    expect(new LineSplitter({ offset: 100 }).push(Buffer.from('ab\n'))).toMatchObject([{ start: 100, end: 103 }]);
  });

  it('passes over a line of 40 MB, holds no more than the cap, joins no more than its head, and goes on behind it', () => {
    const splitter = new LineSplitter({ maxLineBytes: 1024 * 1024 });
    const chunk = Buffer.alloc(64 * 1024, 'x');
    let most = 0;
    const joined = countJoined();
    for (let index = 0; index < 640; index += 1) {
      expect(splitter.push(Buffer.from(chunk))).toEqual([]);
      most = Math.max(most, splitter.heldBytes);
    }
    const [oversize, next] = splitter.push(Buffer.from('\n{"ok":true}\n'));
    expect(oversize).toMatchObject({ kind: 'oversize', start: 0, end: 640 * 64 * 1024 + 1 });
    expect(next).toMatchObject({ kind: 'line', start: 640 * 64 * 1024 + 1 });
    expect(most).toBeLessThanOrEqual(1024 * 1024 + 64 * 1024);
    expect(joined()).toBeLessThanOrEqual(2 * 1024 * 1024);
  });

  it('joins a kept line of 40 MB once', () => {
    const splitter = new LineSplitter({ maxLineBytes: 64 * 1024 * 1024 });
    const chunk = Buffer.alloc(16 * 1024, 'y');
    const joined = countJoined();
    for (let index = 0; index < 2560; index += 1) splitter.push(chunk);
    const [line] = splitter.push(Buffer.from('\n'));
    expect(line?.kind === 'line' && line.bytes.length).toBe(40 * 1024 * 1024);
    expect(joined()).toBe(40 * 1024 * 1024);
  });
});

/** Counts the bytes that `Buffer.concat` copies from now on in this test. */
function countJoined(): () => number {
  const spy = vi.spyOn(Buffer, 'concat');
  onTestFinished(() => spy.mockRestore());
  return () => spy.mock.results.reduce((sum, { value }) => sum + (Buffer.isBuffer(value) ? value.length : 0), 0);
}

describe('parseJsonLine', () => {
  it('reads whatever JSON.parse reads', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 20 }), (text) => {
        fc.pre(!text.includes('__proto__'));
        const parsed = parseJsonLine(Buffer.from(text));
        expect(parsed).toEqual({ ok: true, value: JSON.parse(text) });
      }),
    );
  });

  it('names what it refuses', () => {
    expect(parseJsonLine(Buffer.from([0x22, 0xff, 0x22]))).toEqual({ ok: false, reason: 'invalid UTF-8' });
    expect(parseJsonLine(Buffer.from('"ü"').subarray(0, 2))).toEqual({ ok: false, reason: 'invalid UTF-8' });
    expect(parseJsonLine(Buffer.from('{"a":'))).toEqual({ ok: false, reason: 'not JSON' });
    expect(parseJsonLine(Buffer.from('"unended'))).toEqual({ ok: false, reason: 'not JSON' });
    expect(parseJsonLine(Buffer.from('[]{}'))).toEqual({ ok: false, reason: 'not JSON' });
  });

  it('allows exactly the depth it is told, and is not fooled by brackets in strings', () => {
    const nested = (depth: number): Buffer => Buffer.from('['.repeat(depth) + ']'.repeat(depth));
    expect(parseJsonLine(nested(64)).ok).toBe(true);
    expect(parseJsonLine(nested(65))).toEqual({ ok: false, reason: 'nested too deeply' });
    expect(parseJsonLine(nested(1_000_000))).toEqual({ ok: false, reason: 'nested too deeply' });
    expect(parseJsonLine(Buffer.from(JSON.stringify('[{"\\'.repeat(100)))).ok).toBe(true);
    expect(parseJsonLine(Buffer.from('[[1]]'), { maxDepth: 1 }).ok).toBe(false);
  });

  it.each([
    '{"__proto__":{"x":1},"a":{"__proto__":2,"b":3}}',
    '{"\\u005f_proto__":{"x":1},"a":{"\\u005F\\u005fproto__":2,"b":3}}',
    '{"__\\u0070roto__":{"x":1},"a":{"b":3}}',
    '{"__p\\u0072oto__":{"x":1},"a":{"b":3}}',
    '{"__pr\\u006Fto__":{"x":1},"a":{"b":3}}',
    '{"__pro\\u0074o__":{"x":1},"a":{"b":3}}',
    '{"_\\u005fproto__":{"x":1},"a":{"b":3}}',
  ])('drops prototype keys at any depth: %s', (text) => {
    const parsed = parseJsonLine(Buffer.from(text));
    expect(parsed.ok && JSON.stringify(parsed.value)).toBe('{"a":{"b":3}}');
  });
});

it('leaves out empty lines on demand, and counts their bytes', () => {
  const text = Buffer.from('\n\r\n\na\n\n\r\r\nb\n\n\nc');
  fc.assert(
    fc.property(fc.array(fc.nat(), { maxLength: 12 }), (cuts) => {
      const all = splitAll(new LineSplitter(), chunked(text, cuts)).map(plain);
      const some = splitAll(new LineSplitter({ skipEmpty: true }), chunked(text, cuts))
        .map(plain)
        // A line feed that comes in another chunk than its carriage return ends a line.
        .filter((line) => (line as { text: string }).text !== '');
      expect(some).toEqual(all.filter((line) => (line as { text: string }).text !== ''));
    }),
  );
});
