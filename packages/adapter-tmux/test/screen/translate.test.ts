import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { initialScreenState, translateScreen } from '../../src/screen/translate.ts';

const fixtures = fileURLToPath(new URL('../fixtures/tmux-3.3a/', import.meta.url));

function translate(pieces: readonly string[], endMark = ''): string {
  let state = initialScreenState(endMark);
  let text = '';
  for (const piece of pieces) {
    const next = translateScreen(state, piece);
    state = next.state;
    text += next.text;
  }
  return text;
}

test.each(readdirSync(fixtures).filter((name) => name.endsWith('.raw')))('%s reads as text', async (name) => {
  const raw = readFileSync(`${fixtures}${name}`, 'utf8');
  await expect(translate([raw])).toMatchFileSnapshot(`${fixtures}${name.replace(/raw$/, 'txt')}`);
  expect(translate([...raw]), 'character by character').toBe(translate([raw]));
});

test.each([
  ['a\r\nb\r\r\nc\n', 'a\nb\nc\n'],
  ['10%\r20%\r\n', '10%\n20%\n'],
  ['\x1b[31mred\x1b[0m \x1b[38;2;1;2;3mtrue\x1b[m', 'red true'],
  ['a\x1b[3Cb', 'a   b'],
  ['> \x1b[3G1+1\x1b[6G', '> 1+1'],
  ['top\x1b[5;1Hbelow\x1b[5;10Hright', 'top\nbelow\nright'],
  ['\x1b]0;title\x07x\x1b]8;;https://example.org\x1b\\link\x1b]8;;\x1b\\y', 'xlinky'],
  ['\x1bPq#0;2;0;0;0\nsixel\x1b\\after', 'after'],
  ['\x1bPtmux;\x1b\x1b]52;c;QQ==\x07\x1b\\after', 'after'],
  ['\x1b_apc\x1b\\\x1b^pm\x1b\\\x1bXsos\x1b\\\x1bktitle\x1b\\z', 'z'],
  ['\x1b(B\x1b)0\x1b=\x1b>\x1b7\x1b8\x1b#8ok', 'ok'],
  ['a\x07\x08\x00\x0e\x0f\x7fb\x9b31mc', 'ab31mc'],
  ['a\u0085b\u2028c', 'a\u0085b\u2028c'],
  ['\x1b[12\x18x', 'x'],
  ['\x1b[é', 'é'],
  ['\x1b', ''],
])('%j is %j', (raw, text) => {
  expect(translate([raw])).toBe(text);
});

test('plain text stays as it is', () => {
  // oxlint-disable-next-line no-control-regex
  const plain = fc
    .string({ unit: 'grapheme' })
    .filter((text) => !/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/.test(text));
  fc.assert(fc.property(plain, (text) => void expect(translate([text])).toBe(text)));
});

const terminalText = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '\x1b',
        '\x1b[',
        '\x1b]',
        '\x1bP',
        '\x1b\\',
        '\r',
        '\n',
        '\x07',
        '\x18',
        '1;2',
        'H',
        'C',
        'G',
        '漢',
        '😀',
      ),
      fc.string(),
    ),
  )
  .map((parts) => parts.join(''));

test('what comes out depends on the characters, not on how they were cut', () => {
  fc.assert(
    fc.property(terminalText, fc.array(fc.nat(40)), (text, cuts) => {
      const characters = [...text];
      const pieces: string[] = [];
      for (const cut of cuts) pieces.push(characters.splice(0, cut).join(''));
      expect(translate([...pieces, characters.join('')])).toBe(translate([text]));
    }),
    { numRuns: 500 },
  );
});

test('no control character but tab and line feed comes out', () => {
  // oxlint-disable-next-line no-control-regex
  fc.assert(
    fc.property(
      terminalText,
      (text) => void expect(translate([text])).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u0084\u0086-\u009f]/),
    ),
  );
});

test('a sequence that nobody closes hides no more than its cap', () => {
  const text = translate([`\x1b]0;${'x'.repeat(70_000)}the end`]);
  expect(text.endsWith('the end')).toBe(true);
  expect(text.length).toBeLessThan(10_000);
  expect(translate([`\x1bP${'x'.repeat(1_100_000)}the end`]).endsWith('the end')).toBe(true);
});

test.each(['\x1b[', '\x1b]', '\x1b', '\r', '\x1b[1;', '\x1b[500C', '\x1b]0;\x07', 'x\r'])(
  'three megabytes of %j are translated before the test runs out of time, which a quadratic walk would not be',
  (evil) => {
    const text = translate([evil.repeat(Math.ceil(3_000_000 / evil.length)), 'end']);
    expect(text.length).toBeLessThan(400_000_000);
  },
);

test('the end mark ends everything, and only with its nonce', () => {
  const mark = '7770;0123456789abcdef0123456789abcdef';
  expect(translate(['a\x1b]0;open', `\x18\x1b]${mark}\x07`, 'behind'], mark)).toBe('a');
  expect(translate([`a\x1b]${mark.slice(0, -1)}0\x07b`], mark)).toBe('ab');
  expect(translate([...`a\x18\x1b]${mark}\x07b`], mark)).toBe('a');
});
