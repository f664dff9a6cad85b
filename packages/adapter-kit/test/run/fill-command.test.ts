import { expect, test } from 'vitest';
import { fillCommand } from '../../src/run/index.ts';

test('what was put into a command is not looked at again', () => {
  const values = { prompt: '{promptFile} $& $1', promptFile: '/p', workspace: '/w' };
  expect(fillCommand(['{prompt}', '-f={promptFile}', '{other}', '{workspace}{workspace}'], values)).toEqual([
    '{promptFile} $& $1',
    '-f=/p',
    '{other}',
    '/w/w',
  ]);
});

test('what has no value stays as it is', () => {
  expect(fillCommand(['{workspace}/agent', '{prompt}'], {})).toEqual(['{workspace}/agent', '{prompt}']);
});

test.each([
  ['an argument of its own', ['agent', '-p', '{prompt}'], ['agent', '-p', ' --yes']],
  ['the beginning of an argument', ['agent', '{prompt} please'], ['agent', ' --yes please']],
  ['the rest of an argument', ['agent', '--prompt={prompt}'], ['agent', '--prompt=--yes']],
  ['behind the end of the options', ['agent', '--', 'x', '{prompt}'], ['agent', '--', 'x', '--yes']],
  ['before it', ['agent', '{prompt}', '--', 'x'], ['agent', ' --yes', '--', 'x']],
])('a prompt with a dash becomes no option: %s', (_where, command, filled) => {
  expect(fillCommand(command, { prompt: '--yes' })).toEqual(filled);
});
