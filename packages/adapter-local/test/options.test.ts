import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { local, type LocalOptions } from '../src/index.ts';
import { settingsOf } from '../src/options.ts';

const contradictions: Readonly<Record<string, LocalOptions>> = {
  'both templates': { command: ['agent', '{prompt}', '{promptFile}'] },
  'a mode that no template serves': { command: ['agent'], prompt: 'argument' },
  'stdin and a template': { command: ['agent', '{promptFile}'], prompt: 'stdin' },
  'no command': { command: [] },
  'an empty program': { command: [''] },
  'a NUL in an argument': { command: ['agent', 'a\0b'] },
  'an id that is none': { command: ['agent'], id: 'Not an id' },
  'a misspelt option': Object.assign({ command: ['agent'] }, { promt: 'file' }),
};

test.for(Object.entries(contradictions))('%s is INVALID_ARGUMENT at once', ([, options]) => {
  expect(() => local(options)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
});

test('a relative path is taken from where the adapter was made', () => {
  expect(settingsOf({ command: ['./bin/agent', 'x'] }).command).toEqual([resolve('bin/agent'), 'x']);
});
