import { initialEscapeState, readEscapes, textWidth, type EscapeState } from '@runtime/adapter-kit/terminal';

/**
 * Where the translator stands between two pieces of terminal output. Plain data; its results depend on the characters
 * alone, never on how they were cut into pieces.
 */
export interface ScreenState {
  /** Within an escape sequence, where in it. */
  readonly escape: EscapeState;
  /** The operating system command that ends the recording. Empty: none. */
  readonly endMark: string;
  /** The end mark was read: nothing behind it counts. */
  readonly isOver: boolean;
  /** The cursor went elsewhere: the next character begins a line of its own. */
  readonly breakDue: boolean;
  /** The cursor's column, as far as it is known without a screen. */
  readonly column: number;
  /** Nothing was written in the present line of the text. */
  readonly atLineStart: boolean;
}

/** Before the first character. */
export function initialScreenState(endMark = ''): ScreenState {
  return { escape: initialEscapeState, endMark, isOver: false, breakDue: false, column: 0, atLineStart: true };
}

const maxForward = 500;

/**
 * The text of a terminal's output: escape sequences are removed, CR LF is one line feed, a line written over is a new
 * line, the cursor moved forward is spaces. Pure, and linear in the length of `chunk`, whatever it holds.
 */
export function translateScreen(
  state: ScreenState,
  chunk: string,
): { readonly state: ScreenState; readonly text: string } {
  if (state.isOver) return { state, text: '' };
  const writer = new ScreenWriter(state);
  const escape = readEscapes(state.escape, chunk, 'tmux', {
    text: (run) => writer.write(run),
    control: (code) => writer.control(code),
    csi: (parameters, final) => writer.moveCursor(parameters, final),
    escape: (final) => writer.escape(final),
    command: (content) => writer.command(content),
  });
  return writer.result(escape);
}

/** Writes the text of one piece. */
class ScreenWriter {
  readonly #endMark: string;
  #isOver = false;
  #breakDue: boolean;
  #column: number;
  #atLineStart: boolean;
  #text = '';

  constructor({ endMark, breakDue, column, atLineStart }: ScreenState) {
    this.#endMark = endMark;
    this.#breakDue = breakDue;
    this.#column = column;
    this.#atLineStart = atLineStart;
  }

  result(escape: EscapeState): { readonly state: ScreenState; readonly text: string } {
    const state = {
      escape,
      endMark: this.#endMark,
      isOver: this.#isOver,
      breakDue: this.#breakDue,
      column: this.#column,
      atLineStart: this.#atLineStart,
    };
    return { state, text: this.#text };
  }

  write(text: string): void {
    if (this.#isOver) return;
    if (this.#breakDue && !this.#atLineStart) this.#text += '\n';
    this.#text += text;
    this.#column += textWidth(text);
    this.#breakDue = false;
    this.#atLineStart = false;
  }

  control(code: number): void {
    if (code === 0x0a || code === 0x0b || code === 0x0c) this.#newLine();
    else if (code === 0x0d) this.#leave(0);
    else if (code === 0x09) this.write('\t');
  }

  escape(final: string): void {
    if (final === 'D' || final === 'E') this.#newLine();
    else if (final === 'M' || final === 'c') this.#leave(0);
  }

  command(content: string): void {
    if (this.#endMark !== '' && content === this.#endMark) this.#isOver = true;
  }

  moveCursor(parameters: string, final: string): void {
    // Colours are most of what there is: they are left out before anything is parsed.
    if (final === 'm' || /^[<=>?]/.test(parameters)) return;
    const [first = 0, second = 0] = parameters.split(';').map((parameter) => Number.parseInt(parameter, 10) || 0);
    if (final === 'C' || final === 'a') this.#moveTo(this.#column + Math.max(first, 1));
    else if (final === 'G' || final === '`') this.#moveTo(Math.max(first, 1) - 1);
    else if (final === 'H' || final === 'f') this.#leave(Math.max(second, 1) - 1);
    else if (final === 'E' || final === 'F') this.#leave(0);
    else if (final === 'A' || final === 'B' || final === 'd') this.#leave(this.#column);
  }

  #newLine(): void {
    if (this.#isOver) return;
    this.#text += '\n';
    this.#breakDue = false;
    this.#column = 0;
    this.#atLineStart = true;
  }

  /** The cursor stands at this column of a line that is not the text's last one, or that is written over. */
  #leave(column: number): void {
    this.#breakDue = true;
    this.#column = column;
  }

  /** Forward is spaces, as programs that draw words apart mean it; backward is another line. */
  #moveTo(column: number): void {
    const distance = column - this.#column;
    if (distance > 0) this.write(' '.repeat(Math.min(distance, maxForward)));
    if (distance < 0) this.#leave(column);
    this.#column = column;
  }
}
