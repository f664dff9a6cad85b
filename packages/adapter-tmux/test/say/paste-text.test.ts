import { expect, test } from 'vitest';
import { pasteTail, pasteText } from '../../src/say/paste-text.ts';

test('a paste holds no control characters but line feed and tab', () => {
  const everything = Array.from({ length: 0x100 }, (_, code) => String.fromCharCode(code)).join('');
  // oxlint-disable-next-line no-control-regex
  expect(pasteText(everything)).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/);
  expect(pasteText('a\r\nb\rc\td é 漢 😀')).toBe('a\nb\nc\td é 漢 😀');
  expect(pasteTail('one\ntwo three \n\n')).toBe('two three');
  expect(pasteTail('x'.repeat(100))).toHaveLength(20);
});
