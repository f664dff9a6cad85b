import { cutLine } from './fit.ts';

const frames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const eraseLine = '\r\u001b[K';

/** The line below the last one, which is drawn again and again: only where the terminal can do that. */
export interface StatusLine {
  /** Draws the line, or nothing in its place. */
  draw(text: string | undefined): string;
  /** Returns what takes the line away, to be written before anything else. */
  erase(): string;
}

/** Where the line is drawn: the part of an `Output` that it needs. */
interface Screen {
  readonly redraws: boolean;
  readonly columns: number;
  readonly colours: Readonly<Record<'cyan' | 'dim', (text: string) => string>>;
}

export function createStatusLine(out: Screen): StatusLine {
  let isDrawn = false;
  let frame = 0;
  const erase = (): string => {
    if (!isDrawn) return '';
    isDrawn = false;
    return eraseLine;
  };
  return {
    erase,
    draw(text) {
      const before = erase();
      if (text === undefined || !out.redraws) return before;
      isDrawn = true;
      frame += 1;
      const mark = out.colours.cyan(frames[frame % frames.length] ?? '');
      // One cell stays free: a terminal that wraps at the last one would not erase the first half.
      return `${before}${cutLine(`${mark} ${out.colours.dim(text)}`, out.columns - 1)}`;
    },
  };
}
