import { expect, test } from 'vitest';
import { settle } from '../src/options.ts';
import { pasteTail, pasteText } from '../src/say/paste-text.ts';

test.each([
  [['agent', '-p', '{prompt}'], 'argument'],
  [['agent', '--file={promptFile}'], 'file'],
  [['agent'], 'paste'],
] as const)('%j takes its prompt by %s', (command, prompt) => {
  expect(settle({ command }).prompt).toBe(prompt);
});

test.each([
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
] as const)('refuses %j', (options) => {
  expect(() => settle(options)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
});

test('a paste holds no control characters but line feed and tab', () => {
  const everything = Array.from({ length: 0x100 }, (_, code) => String.fromCharCode(code)).join('');
  // oxlint-disable-next-line no-control-regex
  expect(pasteText(everything)).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/);
  expect(pasteText('a\r\nb\rc\td é 漢 😀')).toBe('a\nb\nc\td é 漢 😀');
  expect(pasteTail('one\ntwo three \n\n')).toBe('two three');
  expect(pasteTail('x'.repeat(100))).toHaveLength(20);
});
