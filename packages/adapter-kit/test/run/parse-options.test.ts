import { expect, it } from 'vitest';
import { z } from 'zod';
import { parseOptions } from '../../src/run/index.ts';

const schema = z.strictObject({
  id: z.string().default('mine'),
  command: z.array(z.string()).min(1),
  size: z.strictObject({ columns: z.int().min(20) }).optional(),
  apiToken: z.string().max(3).optional(),
});
const parse = (options: unknown): unknown => parseOptions(schema, options, 'mine()');

it('gives the options with their defaults', () => {
  expect(parse({ command: ['agent'] })).toEqual({ id: 'mine', command: ['agent'] });
});

it.each([
  [{ comand: ['agent'], command: ['agent'] }, 'Unrecognized key: "comand"'],
  [{ command: 'agent' }, 'command: expected array (given: "agent")'],
  [{ command: [] }, 'command: Too small: expected array to have >=1 items (given: a list of 0)'],
  [{ command: ['agent', 7] }, 'command.1: expected string (given: 7)'],
  [{ command: ['agent'], size: { columns: 3 } }, 'size.columns: Too small: expected number to be >=20 (given: 3)'],
  [{ command: ['agent'], size: { colums: 3, columns: 30 } }, 'size: Unrecognized key: "colums"'],
  [{}, 'command: expected array (given: undefined)'],
  ['agent', 'expected object (given: "agent")'],
])('refuses %j', (options, fault) => {
  expect(() => parse(options)).toThrow(
    expect.objectContaining({
      code: 'INVALID_ARGUMENT',
      message: `[INVALID_ARGUMENT] mine() cannot take these options: ${fault}`,
      hint: 'the options of mine() are id, command, size, apiToken',
    }),
  );
});

it('shows no value that looks secret, and no long one whole', () => {
  expect(() => parse({ command: ['agent'], apiToken: 'sk-secret' })).toThrow(/given: a string/);
  expect(() => parse({ command: 'x'.repeat(1000) })).toThrow(/x{50}…\)$/);
});
