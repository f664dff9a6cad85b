import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { initialEscapeState, readEscapes, textWidth, type EscapeDialect } from '../../src/terminal/index.ts';

/** Everything that is found, as words; text of several pieces is joined. */
function read(pieces: readonly string[], dialect: EscapeDialect): string[] {
  const found: string[] = [];
  let state = initialEscapeState;
  let isText = false;
  const other = (word: string): void => {
    isText = false;
    found.push(word);
  };
  for (const piece of pieces) {
    state = readEscapes(state, piece, dialect, {
      text: (run) => {
        if (isText) found.push(`${found.pop() ?? ''}${run}`);
        else found.push(run);
        isText = true;
      },
      control: (code) => other(`<${code.toString(16)}>`),
      csi: (parameters, final) => other(`CSI ${parameters}${final}`),
      escape: (final) => other(`ESC ${final}`),
      command: (content) => other(`OSC ${content}`),
    });
  }
  return found;
}

describe('readEscapes', () => {
  it.each<[string, string[], string[]]>([
    ['a\x1b[1;2Hb', ['a', 'CSI 1;2H', 'b'], ['a', 'CSI 1;2H', 'b']],
    ['\x1bM\x1b(0x', ['ESC M', 'x'], ['ESC M', 'x']],
    ['\x1b]0;title\x07x', ['OSC 0;title', 'x'], ['OSC 0;title', 'x']],
    ['\x1b]0;title\x1b\\x', ['ESC \\', 'x'], ['ESC \\', 'x']],
    ['\x1bPdata\x1b\\x', ['x'], ['ESC \\', 'x']],
    ['\x1bPda\x07ta\x1b\\x', ['x'], ['ta', 'ESC \\', 'x']],
    ['\x1bPda\x1b[31mta\x1b\\x', ['x'], ['CSI 31m', 'ta', 'ESC \\', 'x']],
    ['\x1b]0;open\nnext', [], ['<a>', 'next']],
    ['\x1b[3\n1mx', ['<a>', 'CSI 31m', 'x'], ['<a>', '1mx']],
    ['\x1b[12\x18x', ['x'], ['x']],
    ['\x1b[\u00e9', ['\u00e9'], ['\u00e9']],
    ['\u009b31mx', ['<9b>', '31mx'], ['CSI 31m', 'x']],
    ['\u009d0;title\u009cx', ['<9d>', '0;title', '<9c>', 'x'], ['x']],
    ['a\u0085b', ['a\u0085b'], ['a', '<85>', 'b']],
    ['\x1bktitle\x1b\\x', ['x'], ['ESC k', 'title', 'ESC \\', 'x']],
  ])('%j, in the dialect of tmux and in the widest one', (text, inTmux, inWidest) => {
    expect(read([text], 'tmux')).toEqual(inTmux);
    expect(read([text], 'any')).toEqual(inWidest);
  });

  it('lets no string that is never closed hide the rest', () => {
    const text = `\x1b]${'x'.repeat(64 * 1024)}seen\x1b_${'y'.repeat(1024 * 1024)}too`;
    expect(read([text], 'tmux')).toEqual(['seentoo']);
    expect(read([text], 'any')).toEqual(['seentoo']);
  });

  it.each(['tmux', 'any'] as const)('finds the same however the text is cut: %s', (dialect) => {
    const part = fc.constantFrom('\x1b', '[', ']', 'P', '\\', '\x07', '\x18', '\n', '1;', 'm', 'é', '\u009b', '\u009c');
    fc.assert(
      fc.property(fc.array(part, { maxLength: 30 }), (parts) => {
        expect(read(parts, dialect)).toEqual(read([parts.join('')], dialect));
      }),
    );
  });
});

describe('textWidth', () => {
  it.each([
    ['abc', 3],
    ['漢字', 4],
    ['한글', 4],
    ['😀', 2],
    ['⌚', 2],
    ['e\u0301', 1],
    ['ﬀ…é', 3],
    ['', 0],
  ])('%j takes %i cells', (text, cells) => {
    expect(textWidth(text)).toBe(cells);
  });
});
