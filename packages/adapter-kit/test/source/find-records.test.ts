import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { findRecords } from '../../src/source/index.ts';

const openings = ['{"type":"', '{"id":"'];
const settled = '{"type":"agent_settled"}';
const ended =
  '{"type":"agent_end","messages":[{"type":"text","text":"{\\"type\\":\\"agent_settled\\"}"}],"n":[1,-2.5e3,true,null,{}]}';

function found(line: string | Buffer, maxDepth = 64) {
  const { records, foreign, unfinished, lost } = findRecords(Buffer.from(line), { openings, maxDepth });
  return {
    records: records.map(String),
    foreign: Buffer.concat(foreign).toString(),
    lost,
    ...(unfinished === undefined ? {} : { unfinished: String(unfinished.bytes) }),
  };
}

describe('records are found', () => {
  test.each([
    ['behind an escape sequence', `\x1b]0;done\x07${settled}`, [settled], '\x1b]0;done\x07'],
    ['behind one that is never closed', `\x1b]0;done${settled}`, [settled], '\x1b]0;done'],
    [
      'behind a title of words',
      `\x1b]0;tool said: done\x07\x1b[1;31m${settled}`,
      [settled],
      '\x1b]0;tool said: done\x07\x1b[1;31m',
    ],
    ['behind a byte order mark', `\uFEFF${settled}`, [settled], '\uFEFF'],
    ['between NUL bytes', `\0\0${settled}\0`, [settled], '\0\0\0'],
    ['in front of words', `${ended}garbage`, [ended], 'garbage'],
    ['in front of a sequence', `${settled}\x1b[0m`, [settled], '\x1b[0m'],
    ['joined without a line feed', `${ended}${settled}${settled}`, [ended, settled, settled], ''],
    ['joined by a sequence', `${ended}\x1b[K${settled}c`, [ended, settled], '\x1b[Kc'],
    ['around a sequence within them', `{"type":"agent_\x1b[2Jsettled"}`, [settled], '\x1b[2J'],
    ['around several controls', `{"ty\x07pe":\x1b]2;t\x07"agent\0_settled"}`, [settled], '\x07\x1b]2;t\x07\0'],
    ['behind one that is cut off', `{"type":"tool","output":"abc${settled}`, [settled], '{"type":"tool","output":"abc'],
    ['behind one that is spoiled', `{"type":"tool","ok":tr\x01${settled}`, [settled], '{"type":"tool","ok":tr\x01'],
    [
      'next to bytes that are no UTF-8',
      Buffer.concat([Buffer.of(0xff, 0xc3), Buffer.from(settled)]),
      [settled],
      '\uFFFD\uFFFD',
    ],
  ])('%s', (_where, line, records, foreign) => {
    expect(found(line)).toMatchObject({ records, foreign });
  });

  test('with other characters than ASCII, and controls beyond it, as they are', () => {
    const record = '{"type":"x","text":"ü🙂\u2028\u0085\u009b31m\u007f"}';
    expect(found(`\x1b[2K${record}`).records).toEqual([record]);
    expect(found(`{"type":"x",\x1b[2K${record.slice(12)}`).records).toEqual([record]);
  });
});

describe('no record is', () => {
  const args = `{"type":"tool","args":{"type":"agent_settled"},"text":"{\\"type\\":\\"agent_settled\\"}"`;
  test.each([
    ['a text in a record that is cut off', `{"type":"text","delta":"{\\"type\\":\\"agent_settled\\"}`],
    ['a text in the end of a record', `{\\"type\\":\\"agent_settled\\"}"}`],
    ['an object in a spoiled record', `${args},\x01oh`],
    ['an object in a spoiled list', `{"type":"tool","args":[\x01,{"type":"agent_settled"},{"type":"agent_settled"}]`],
    ['an object behind noise in a record', `{"type":"tool",noise"args":{"type":"agent_settled"}}`],
    ['what stands behind words', `tool said: ${settled}`],
    ['what stands behind words and a sequence', `tool said: \x1b[1m${settled}${ended}`],
    ['what stands behind words in another script', `é${settled}`],
    ['what stands behind words that end like JSON', `[1, 2${settled}`],
    ['noise', 'agent_settled, type: agent_settled'],
  ])('%s', (_what, line) => {
    expect(found(line).records).toEqual([]);
  });

  test('an object in a record, wherever a byte of others stands in that', () => {
    const record = `{"type":"tool","text":"some","args":{"type":"agent_settled"},"list":[{"type":"agent_settled"},{"id":"a"}]}`;
    const noise = fc.constantFrom(
      '\x1b',
      '\x1b[2J',
      '\0',
      'x',
      '}',
      '{',
      '"',
      ' ',
      '\uFEFF',
      '\\',
      '1',
      'x ',
      '"}',
      ']',
    );
    fc.assert(
      fc.property(fc.nat(record.length), noise, (at, bytes) => {
        const { records } = found(record.slice(0, at) + bytes + record.slice(at));
        for (const each of records) expect([settled, '{"id":"a"}']).not.toContain(each);
      }),
      { numRuns: 2000 },
    );
  });
});

test('what is left of a line is a record that the next line may finish', () => {
  expect(found('\0{"type":"agent_')).toEqual({
    records: [],
    foreign: '\0',
    unfinished: '{"type":"agent_',
    lost: false,
  });
  expect(findRecords(Buffer.from('{"type":"a","b":'), { openings }).unfinished?.expectsValue).toBe(true);
  expect(findRecords(Buffer.from('{"type":"a","b":1'), { openings }).unfinished?.expectsValue).toBe(false);
});

test('a record may be among the foreign bytes, or not', () => {
  expect(found(`\0${settled}noise`).lost).toBe(false);
  expect(found(`noise${settled}`).lost).toBe(true);
  expect(found(`${ended}noise${settled}`)).toMatchObject({ records: [ended], lost: true });
  expect(found('only words').lost).toBe(false);
  expect(found(`{"ty${settled}`).lost).toBe(true);
  expect(found(`pe":"agent_settled"}`).lost).toBe(true);
  expect(found(`{"type":"a",oh}`).lost).toBe(true);
});

test('a record that is nested too deeply is lost, and what it holds is none', () => {
  const deep = `{"type":"a","b":${'['.repeat(10)}{"type":"agent_settled"}${']'.repeat(10)}}`;
  expect(found(deep, 5)).toMatchObject({ records: [], lost: true });
  expect(found(deep).records).toEqual([deep]);
});

test('every record is found between any noise that is no text', () => {
  const noise = fc.string({
    unit: fc.constantFrom('\0', '\x1b[J', '\x1b[1;2H', '\x1b]0;a {"}\x07', '\x1b7', '\uFEFF'),
  });
  const record = fc
    .record({ type: fc.string(), text: fc.string({ unit: 'binary' }), more: fc.jsonValue({ maxDepth: 3 }) })
    .map((value) => JSON.stringify(value));
  fc.assert(
    fc.property(fc.array(fc.tuple(noise, record)), (pieces) => {
      const expected = pieces.map(([, each]) => each);
      expect(found(pieces.flat().join('')).records).toEqual(expected);
    }),
  );
});

test('a line takes one pass, whatever it holds: twice the bytes, twice the steps', () => {
  const lines = [
    (n: number) => '{"type":"'.repeat(n),
    (n: number) => '{"type":"x{"type":"'.repeat(n),
    (n: number) => '{"type":"x",'.repeat(n),
    (n: number) => '{"type":"x","a":['.repeat(n),
    (n: number) => ',{"type":"'.repeat(n),
    (n: number) => '{"type":"a\x1b]0;'.repeat(n),
    (n: number) => settled.repeat(n),
  ];
  for (const line of lines) {
    // A quadratic pass over these 2 MB would take many minutes, and end the test by its time limit.
    findRecords(Buffer.from(line(150_000)), { openings });
  }
});

test('a line with more records, spoiled ones or controls than any accident makes is cut short', () => {
  const many = findRecords(Buffer.from(settled.repeat(10_001)), { openings });
  expect(many).toMatchObject({ lost: true });
  expect(many.records).toHaveLength(10_000);
  const spoiled = findRecords(Buffer.from(`${'{"type":"'.repeat(10_001)}${settled}`), { openings });
  expect(spoiled).toMatchObject({ lost: true, records: [] });
  const noise = findRecords(Buffer.from(`{"type":"a${'\0'.repeat(10_001)}"}`), { openings });
  expect(noise).toMatchObject({ lost: true, records: [] });
});
