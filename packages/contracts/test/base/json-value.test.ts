import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sessionEventSchemas } from '../../src/adapter/index.ts';
import { isJsonValue } from '../../src/base/json-value.ts';

describe('a JSON value', () => {
  it('is whatever JSON.parse gives', () => {
    fc.assert(fc.property(fc.json({ maxDepth: 20 }), (text) => isJsonValue(JSON.parse(text))));
  });

  it.each([
    ['undefined', undefined],
    ['a function', () => 1],
    ['a bigint', 1n],
    ['NaN', Number.NaN],
    ['infinity', Infinity],
    ['undefined inside', { a: [undefined] }],
  ])('is not %s', (_what, value) => {
    expect(isJsonValue(value)).toBe(false);
  });

  it('has at most 64 levels, and a deeper one does not break who looks', () => {
    const nested = (levels: number): unknown => JSON.parse('['.repeat(levels) + ']'.repeat(levels));
    expect(isJsonValue(nested(64))).toBe(true);
    expect(isJsonValue(nested(65))).toBe(false);
    expect(isJsonValue(nested(100_000))).toBe(false);
    const started = { type: 'tool.started', callId: 'c', name: 'n', input: nested(65) };
    expect(sessionEventSchemas['tool.started'].safeParse(started).success).toBe(false);
  });
});
