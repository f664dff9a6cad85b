import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { StreamTable, type StreamShare } from '../../src/state/stream-table.ts';

/** Every character that a stream's name may have. */
const characters = Array.from({ length: 0x7e - 0x20 }, (_, n) => String.fromCharCode(0x21 + n)).filter(
  (character) => character !== '"' && character !== '\\',
);
/** Few characters and few lengths, so that names often begin alike or with one another. */
const alike = fc.string({ unit: fc.constantFrom('a', 'b', '/', '!', '~'), minLength: 1, maxLength: 4 });
const anyName = fc.string({ unit: fc.constantFrom(...characters), minLength: 1, maxLength: 200 });
const name = fc.oneof(
  alike,
  alike.map((end) => `task/${end}`),
  anyName,
);

const share: fc.Arbitrary<StreamShare> = fc.record({
  name,
  revision: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
  chunks: fc
    .uniqueArray(fc.nat({ max: 5000 }), { minLength: 1, maxLength: 20 })
    .map((chunks) => chunks.toSorted((a, b) => a - b)),
});
const shares = fc.uniqueArray(share, { maxLength: 60, selector: ({ name }) => name });

test('every stream is found with what the segment holds of it, and no other name is', () => {
  const property = fc.property(shares, fc.array(name), (shares, others) => {
    const table = StreamTable.of(shares);
    const oracle = new Map(shares.map((share) => [share.name, share]));
    expect(table.count).toBe(shares.length);
    const asked = [...oracle.keys(), ...others];
    const near = asked.flatMap((name) => [name.slice(1), name.slice(0, -1), `${name}a`, `${name}!`, `!${name}`]);
    for (const name of ['', ...asked, ...near]) expect(table.find(name)).toEqual(oracle.get(name));
  });
  fc.assert(property, { numRuns: 300 });
});

test('the names with a prefix are those that begin with it', () => {
  const property = fc.property(shares, fc.array(name), (shares, others) => {
    const table = StreamTable.of(shares);
    const names = shares.map(({ name }) => name).toSorted();
    for (const prefix of ['', 'task/', 'z', ...names, ...others].flatMap((name) => [name, name.slice(0, 2)])) {
      expect([...table.names(prefix)].toSorted()).toEqual(names.filter((name) => name.startsWith(prefix)));
    }
  });
  fc.assert(property, { numRuns: 300 });
});

test('names of one and of 200 characters, and one that begins with another', () => {
  const longest = 'x'.repeat(200);
  const names = ['x', '!', '~', longest, 'task/a', 'task/ab', 'task/a!'];
  const table = StreamTable.of(names.map((name, n) => ({ name, revision: n + 1, chunks: [n, n + 7] })));
  for (const [n, name] of names.entries())
    expect(table.find(name)).toEqual({ name, revision: n + 1, chunks: [n, n + 7] });
  for (const name of ['xx', longest.slice(1), `${longest}x`, 'task/', 'task/abc', 'task/b']) {
    expect(table.find(name)).toBeUndefined();
  }
});

test('what is no name of a stream is not found, whatever the bytes of a line are', () => {
  const table = StreamTable.of([{ name: 'plane', revision: 4, chunks: [0, 1] }]);
  expect(table.bytes.toString()).toBe('plane 4 0,1\n');
  for (const text of ['plane 4', 'plane 4 0,1', 'plane 4 0,1\n', '4', 'plané', '\n', ' ', 'plane ']) {
    expect(table.find(text)).toBeUndefined();
  }
  expect([...table.names('plane ')]).toEqual([]);
});

test('a segment without events has an empty table', () => {
  const table = StreamTable.of([]);
  expect([table.bytes.length, table.count, table.find('a'), ...table.names('')]).toEqual([0, 0, undefined]);
});
