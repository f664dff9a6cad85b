import { expect, test } from 'vitest';
import { promptModeOf } from '../../src/run/index.ts';

test.for([
  [['agent'], 'stdin'],
  [['agent', '--in={promptFile}'], 'file'],
  [['agent', '{prompt}'], 'argument'],
  [['agent', '{workspace}'], 'stdin'],
  [['{prompt}'], 'stdin'],
] as const)('%j takes its prompt by %s', ([command, mode]) => {
  expect(promptModeOf(command, undefined, ['stdin'])).toBe(mode);
  expect(promptModeOf(command, mode, ['stdin'])).toBe(mode);
});

test('of several modes without a template the first is meant, and any may be asked for', () => {
  expect(promptModeOf(['agent'], undefined, ['paste', 'stdin'])).toBe('paste');
  expect(promptModeOf(['agent'], 'stdin', ['paste', 'stdin'])).toBe('stdin');
});

test.for([
  [['agent', '{prompt}', '{promptFile}'], undefined],
  [['agent'], 'argument'],
  [['agent'], 'paste'],
  [['agent', '{promptFile}'], 'stdin'],
  [['agent', '{prompt}'], 'file'],
] as const)('%j with %j is INVALID_ARGUMENT', ([command, asked]) => {
  expect(() => promptModeOf(command, asked, ['stdin'])).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
});
