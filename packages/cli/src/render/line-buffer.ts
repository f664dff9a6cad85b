/** Puts running text and whole lines on one screen: a line never begins in the middle of another. */
export interface LineBuffer {
  /** Running text, which may end anywhere. */
  text(text: string): string;
  /** A line of its own. */
  line(text: string): string;
  /** What is still held back, with a line feed where one is missing. */
  end(): string;
}

/**
 * Each call returns what is to be written now.
 * `live` writes running text at once; otherwise only whole lines, because a file or a pipe gains nothing from halves.
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
    text(text) {
      if (text === '') return '';
      if (live) {
        atLineStart = text.endsWith('\n');
        return text;
      }
      const all = pending + text;
      const cut = all.lastIndexOf('\n') + 1;
      pending = all.slice(cut);
      // A line without an end must not grow in memory.
      if (pending.length <= maxPendingChars) return all.slice(0, cut);
      pending = '';
      atLineStart = false;
      return all;
    },
    line: (text) => `${flush()}${text}\n`,
    end: flush,
  };
}

const maxPendingChars = 64 * 1024;
