import { expect, test } from 'vitest';
import { tmux } from '../src/index.ts';
import { settingsOf } from '../src/options.ts';

test.each([
  [['agent', '-p', '{prompt}'], 'argument'],
  [['agent', '--file={promptFile}'], 'file'],
  [['agent'], 'paste'],
] as const)('%j takes its prompt by %s', (command, prompt) => {
  expect(settingsOf({ command }).prompt).toBe(prompt);
});

test.each<object>([
  { command: [] },
  { command: [''] },
  { command: ['agent'], prompt: 'argument' },
  { command: ['agent'], prompt: 'file' },
  { command: ['agent', '{prompt}'], prompt: 'stdin' },
  { command: ['{prompt}'] },
  { command: ['agent'], id: 'Not An Id' },
  { command: ['agent'], submitKey: 'Enter ; kill-server' },
  { command: ['agent'], readyPattern: '(' },
  { command: ['agent'], size: { columns: 0, rows: 10 } },
  { command: ['agent'], size: { columns: 80, rows: 24, height: 24 } },
  { command: ['agent', 'a\0b'] },
  { command: ['agent'], promt: 'stdin' },
  { command: ['agent'], readyTimeoutMs: -5 },
  { command: ['agent'], lingerMs: Number.NaN },
  { command: 'agent' },
  { command: ['agent', '{prompt}', '{promptFile}'] },
])('refuses %j', (options) => {
  expect(() => tmux(Object.assign({ command: ['agent'] }, options))).toThrow(
    expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
  );
});
