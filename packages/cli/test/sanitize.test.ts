import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSanitizer, sanitize, sanitizeLine } from '../src/sanitize.ts';

const ESC = '\u001b';

/** What somebody may write to take over a terminal, and what may be left of it. */
const corpus: readonly (readonly [string, string, string])[] = [
  ['a colour', `${ESC}[31mred${ESC}[0m`, 'red'],
  ['a cursor movement', `a${ESC}[2J${ESC}[1;1Hb`, 'ab'],
  ['a private mode', `${ESC}[?1049hx`, 'x'],
  ['a window title ended by BEL', `${ESC}]0;evil\u0007ok`, 'ok'],
  ['a window title ended by ST', `${ESC}]2;evil${ESC}\\ok`, 'ok'],
  ['a hyperlink', `${ESC}]8;;http://evil${ESC}\\text${ESC}]8;;${ESC}\\`, 'text'],
  ['the clipboard', `${ESC}]52;c;ZXZpbA==\u0007ok`, 'ok'],
  ['a device control string', `${ESC}P1$r0m${ESC}\\ok`, 'ok'],
  ['an application program command', `${ESC}_Gi=1;evil${ESC}\\ok`, 'ok'],
  ['a privacy message', `${ESC}^evil${ESC}\\ok`, 'ok'],
  ['a start of string', `${ESC}Xevil${ESC}\\ok`, 'ok'],
  ['C1 CSI', '\u009b31mred', 'red'],
  ['C1 OSC ended by C1 ST', '\u009d0;evil\u009cok', 'ok'],
  ['C1 DCS', '\u0090evil\u009cok', 'ok'],
  ['a charset', `${ESC}(0lqk`, 'lqk'],
  ['a full reset', `${ESC}cok`, 'ok'],
  ['the end of a bracketed paste', `${ESC}[201~rm -rf`, 'rm -rf'],
  ['carriage returns', 'safe\rEVIL', 'safeEVIL'],
  ['backspaces and a bell', 'a\b\b\u0007b', 'ab'],
  ['NUL and DEL', 'a\0b\u007fc', 'abc'],
  ['a right-to-left override', 'a\u202egnp.exe', 'agnp.exe'],
  ['isolates and marks', '\u2066a\u2069\u200e\u200f\u061cb', 'ab'],
  ['an unterminated title, which ends with its line', `${ESC}]0;evil\nnext`, '\nnext'],
  ['an unterminated sequence at the end', `ok${ESC}[31`, 'ok'],
  ['a sequence inside a string', `${ESC}]0;a${ESC}[31mred`, 'red'],
  ['a control inside a sequence, which breaks it off', `${ESC}[3\n1m`, '\n1m'],
  ['line feeds and tabs, which stay', 'a\n\tb', 'a\n\tb'],
  ['other scripts and emoji, which stay', 'Grüße 你好 👩‍💻 مرحبا', 'Grüße 你好 👩‍💻 مرحبا'],
];

describe('sanitize', () => {
  it.each(corpus)('takes out %s', (_name, text, shown) => {
    expect(sanitize(text)).toBe(shown);
  });

  const hostile = fc.array(
    fc.constantFrom(...corpus.map(([, text]) => text), ESC, '\u009b', '\\', 'x', '\ud83d', '\n'),
    {
      maxLength: 12,
    },
  );

  it('never lets a control character through but line feed and tab', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          hostile.map((parts) => parts.join('')),
        ),
        (text) => {
          expect(sanitize(text)).not.toMatch(
            /[\0-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/,
          );
        },
      ),
    );
  });

  it('shows the same text however the stream is cut', () => {
    fc.assert(
      fc.property(hostile, fc.array(fc.nat(40)), (parts, cuts) => {
        const text = `${parts.join('')}.`;
        const sanitizer = createSanitizer();
        let shown = '';
        let at = 0;
        for (const length of cuts) {
          shown += sanitizer.push(text.slice(at, at + length));
          at += length;
        }
        shown += sanitizer.push(text.slice(at));
        expect(shown).toBe(sanitize(text));
      }),
    );
  });

  it('changes nothing when it is applied again', () => {
    fc.assert(
      fc.property(hostile, (parts) => {
        const once = sanitize(parts.join(''));
        expect(sanitize(once)).toBe(once);
      }),
    );
  });
});

describe('sanitizeLine', () => {
  it('makes one line of many and cuts it with an ellipsis', () => {
    expect(sanitizeLine(' a\n\tb  c ')).toBe('a b c');
    expect(sanitizeLine('abcdef', 4)).toBe('abc…');
    expect(sanitizeLine('👩👩👩', 2)).toBe('👩…');
  });
});
