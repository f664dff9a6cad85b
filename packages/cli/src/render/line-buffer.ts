/** Merges streamed text and whole lines so that a line never begins in the middle of another. */
export interface LineBuffer {
  /** Streamed text, which may end anywhere. */
  text(text: string, paint?: (text: string) => string): string;
  /** A whole line. */
  line(text: string): string;
  /** Whether what was written ended with a line feed. */
  atLineStart(): boolean;
  /** The text that is held back, with a line feed where one is missing. */
  end(): string;
}

/**
 * Makes a buffer whose calls return what to write now. With `live` that is all streamed text, for a terminal;
 * otherwise only whole lines, for files and pipes.
 */
export function createLineBuffer(live: boolean): LineBuffer {
  let pending = '';
  let atLineStart = true;
  const flush = (): string => {
    if (atLineStart && pending === '') return '';
    const out = `${pending}\n`;
    pending = '';
    atLineStart = true;
    return out;
  };
  return {
    text(text, paint = (plain) => plain) {
      if (text === '') return '';
      if (live) {
        atLineStart = text.endsWith('\n');
        return paint(text);
      }
      const all = pending + text;
      const cut = all.lastIndexOf('\n') + 1;
      pending = all.slice(cut);
      // A line without an end must not fill the memory.
      if (pending.length <= maxPendingChars) return all.slice(0, cut);
      pending = '';
      atLineStart = false;
      return all;
    },
    line: (text) => `${flush()}${text}\n`,
    atLineStart: () => atLineStart && pending === '',
    end: flush,
  };
}

const maxPendingChars = 64 * 1024;
