import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jsonDepthExceeds, jsonMembersExceed } from '../../src/base/json-depth.ts';

const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);
const depthOf = (value: unknown): number =>
  typeof value === 'object' && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depthOf)) : 0;

describe.each([
  ['text', (json: string) => json],
  ['bytes', (json: string) => new TextEncoder().encode(json)],
])('the depth of JSON as %s', (_what, as) => {
  it('is that of the value', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), fc.nat(8), (value, limit) => {
        expect(jsonDepthExceeds(as(JSON.stringify(value)), limit)).toBe(depthOf(value) > limit);
      }),
    );
  });

  it('is counted before it is known to end', () => {
    expect(jsonDepthExceeds(as(nested(64)), 64)).toBe(false);
    expect(jsonDepthExceeds(as(nested(65)), 64)).toBe(true);
    expect(jsonDepthExceeds(as('[{"a":'.repeat(2_000_000)), 64)).toBe(true);
    expect(jsonDepthExceeds(as(`${'[]'.repeat(100)}${nested(3)}`), 3)).toBe(false);
  });

  it('does not count brackets in strings, whatever is escaped in them', () => {
    for (const text of ['[[[', '"[[[', '\\"[[[', '[[[\\', 'ü🙂[[[', '\\\\"[[[']) {
      expect(jsonDepthExceeds(as(JSON.stringify([text])), 1)).toBe(false);
      expect(jsonDepthExceeds(as(`[${JSON.stringify(text)},[1]]`), 1)).toBe(true);
    }
    expect(jsonDepthExceeds(as('"[[[[[[ without an end \\'), 1)).toBe(false);
  });
});

it('keys and values are counted outside strings, before it is known whether they end', () => {
  const bytes = (json: string): Uint8Array => new TextEncoder().encode(json);
  expect(jsonMembersExceed(bytes(JSON.stringify({ a: [1, 2], b: ',,,,[[[[{{{{' })), 4)).toBe(false);
  expect(jsonMembersExceed(bytes(JSON.stringify({ a: [1, 2], b: {} })), 4)).toBe(true);
  expect(jsonMembersExceed(bytes('[1,'.repeat(100)), 199)).toBe(true);
  expect(jsonMembersExceed(bytes(`"${'\\",'.repeat(50)}`), 0)).toBe(false);
});
