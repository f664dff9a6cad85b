import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { adapterConformance, requirements } from '../../src/adapter/index.ts';
import { cases } from '../../src/adapter/cases/index.ts';
import { collectCases, unverified, verifies } from '../../src/adapter/verifies.ts';
import { memoryHarness } from '../support/memory-harness.ts';

test('every requirement is verified by a case', () => {
  expect(unverified(cases)).toEqual([]);
  expect(unverified(new Map())).toEqual(Object.keys(requirements));
});

test.for(Object.entries(requirements))('%s cites words that stand in the contract', async ([, { source }]) => {
  const [file, quote] = source;
  const text = await readFile(new URL(`../../../contracts/src/${file}`, import.meta.url), 'utf8');
  // A sentence may go over several lines of a comment.
  expect(text.replaceAll(/\s*\n\s*\*?\s*/g, ' ')).toContain(quote);
});

test('a case for a requirement that does not exist is refused', () => {
  const id: string = 'start.twice';
  expect(() => verifies(id as 'start.once', async () => {})).toThrow('there is no requirement start.twice');
});

test('a second case for the same requirement is refused', () => {
  const again = verifies('start.once', async () => {});
  expect(() => collectCases([again, again])).toThrow('start.once is verified twice');
});

test('a known failure that names no requirement is refused', () => {
  const options = { knownFailures: { 'start.twice': 'it never does' } };
  expect(() => adapterConformance('the memory runtime', memoryHarness(), options)).toThrow('start.twice');
});
