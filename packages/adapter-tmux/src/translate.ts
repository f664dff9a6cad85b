/**
 * Where the translator stands between two pieces of terminal output. Plain data; its results depend on the characters alone,
 * never on how they were cut into pieces.
 */
export interface ScreenState {
  readonly mode: 'ground' | 'escape' | 'intermediate' | 'csi' | 'osc' | 'string' | 'stringEscape' | 'over';
  /** The operating system command that ends the recording; behind it nothing counts. Empty: none. */
  readonly endMark: string;
  /** What was read of the present sequence, capped. */
  readonly parameters: string;
  /** Characters of the string sequence skipped so far. */
  readonly skipped: number;
  /** The cursor went elsewhere: the next character begins a line of its own. */
  readonly breakDue: boolean;
  /** Where the cursor is in its line, as far as can be told without a screen. */
  readonly column: number;
  /** Nothing was written in the present line of the text. */
  readonly atLineStart: boolean;
}

/** Before the first character. */
export function initialScreenState(endMark = ''): ScreenState {
  return { mode: 'ground', endMark, parameters: '', skipped: 0, breakDue: false, column: 0, atLineStart: true };
}

const maxParameters = 100;
/** A string sequence that nobody closes must not hide the rest of the run. */
const maxOscChars = 64 * 1024;
const maxStringChars = 1024 * 1024;
const maxForward = 500;

const escape = 0x1b;
const cancel = 0x18;
const substitute = 0x1a;

/** Text without controls, from a place on; U+0085 is text here, as in the terminal. */
// oxlint-disable-next-line no-control-regex
const plainRun = /[^\u0000-\u001f\u007f-\u0084\u0086-\u009f]+/y;
// oxlint-disable-next-line no-control-regex
const stringStop = /[\u0007\u0018\u001a\u001b]/g;

// oxlint-disable-next-line no-control-regex
const isAscii = /^[\u0000-\u007f]*$/;
const mark = /^\p{M}$/u;
const wide =
  /^[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]$/u;

interface Writer {
  readonly endMark: string;
  mode: ScreenState['mode'];
  parameters: string;
  skipped: number;
  breakDue: boolean;
  column: number;
  atLineStart: boolean;
  text: string;
}

/**
 * What a terminal's bytes say as text: escape sequences are removed, CR LF is one line feed, a line written over is a new line,
 * the cursor moved forward is spaces. Pure, and linear in the length of `chunk`, whatever it holds.
 */
export function translateScreen(
  state: ScreenState,
  chunk: string,
): { readonly state: ScreenState; readonly text: string } {
  const writer: Writer = { ...state, text: '' };
  for (let at = 0; at < chunk.length && writer.mode !== 'over';) at = step(writer, chunk, at);
  const { text, ...next } = writer;
  return { state: next, text };
}

function step(writer: Writer, chunk: string, at: number): number {
  if (writer.mode === 'ground') return ground(writer, chunk, at);
  if (writer.mode === 'osc' || writer.mode === 'string') return skipString(writer, chunk, at);
  const code = chunk.charCodeAt(at);
  if (writer.mode === 'stringEscape') {
    writer.mode = code === 0x5c ? 'ground' : 'string';
    return writer.mode === 'ground' ? at + 1 : at;
  }
  if (code === escape) writer.mode = 'escape';
  else if (code === cancel || code === substitute) writer.mode = 'ground';
  else if (code < 0x20) control(writer, code);
  else if (code > 0x7e) {
    writer.mode = 'ground'; // no sequence goes on like this: it is text again
    return at;
  } else sequence(writer, code);
  return at + 1;
}

function ground(writer: Writer, chunk: string, at: number): number {
  plainRun.lastIndex = at;
  const run = plainRun.exec(chunk)?.[0];
  if (run !== undefined) {
    write(writer, run);
    return at + run.length;
  }
  const code = chunk.charCodeAt(at);
  if (code === escape) {
    writer.mode = 'escape';
    writer.parameters = '';
  } else control(writer, code);
  return at + 1;
}

function write(writer: Writer, text: string): void {
  if (writer.breakDue && !writer.atLineStart) writer.text += '\n';
  writer.text += text;
  writer.column += widthOf(text);
  writer.breakDue = false;
  writer.atLineStart = false;
}

function newLine(writer: Writer): void {
  writer.text += '\n';
  writer.breakDue = false;
  writer.column = 0;
  writer.atLineStart = true;
}

/** The cursor stands at this column of a line that is not the text's last one, or that is written over. */
function leave(writer: Writer, column: number): void {
  writer.breakDue = true;
  writer.column = column;
}

function control(writer: Writer, code: number): void {
  if (code === 0x0a || code === 0x0b || code === 0x0c) newLine(writer);
  else if (code === 0x0d) leave(writer, 0);
  else if (code === 0x09) write(writer, '\t');
}

/** One printable ASCII character within an escape sequence. */
function sequence(writer: Writer, code: number): void {
  if (writer.mode === 'csi') {
    if (code >= 0x40) {
      writer.mode = 'ground';
      moveCursor(writer, String.fromCharCode(code));
    } else if (writer.parameters.length < maxParameters) writer.parameters += String.fromCharCode(code);
    return;
  }
  if (writer.mode === 'intermediate') {
    if (code >= 0x30) writer.mode = 'ground';
    return;
  }
  writer.parameters = '';
  writer.skipped = 0;
  if (code === 0x5b) writer.mode = 'csi';
  else if (code === 0x5d) writer.mode = 'osc';
  else if ('PX^_k'.includes(String.fromCharCode(code))) writer.mode = 'string';
  else if (code < 0x30) writer.mode = 'intermediate';
  else {
    writer.mode = 'ground';
    if (code === 0x44 || code === 0x45) newLine(writer);
    else if (code === 0x4d || code === 0x63) leave(writer, 0);
  }
}

function moveCursor(writer: Writer, final: string): void {
  if (/^[<=>?]/.test(writer.parameters)) return;
  const [first = 0, second = 0] = writer.parameters.split(';').map((parameter) => Number.parseInt(parameter, 10) || 0);
  if (final === 'C' || final === 'a') moveTo(writer, writer.column + Math.max(first, 1));
  else if (final === 'G' || final === '`') moveTo(writer, Math.max(first, 1) - 1);
  else if (final === 'H' || final === 'f') leave(writer, Math.max(second, 1) - 1);
  else if (final === 'E' || final === 'F') leave(writer, 0);
  else if (final === 'A' || final === 'B' || final === 'd') leave(writer, writer.column);
}

/** Forward is spaces, as programs that draw words apart mean it; backward is another line. */
function moveTo(writer: Writer, column: number): void {
  const distance = column - writer.column;
  if (distance > 0) write(writer, ' '.repeat(Math.min(distance, maxForward)));
  if (distance < 0) leave(writer, column);
  writer.column = column;
}

/** Cells that a text takes: two for the wide scripts, none for marks. */
function widthOf(text: string): number {
  if (isAscii.test(text)) return text.length;
  let width = 0;
  for (const character of text) width += mark.test(character) ? 0 : wide.test(character) ? 2 : 1;
  return width;
}

function skipString(writer: Writer, chunk: string, at: number): number {
  stringStop.lastIndex = at;
  const end = stringStop.exec(chunk)?.index ?? chunk.length;
  const room = (writer.mode === 'osc' ? maxOscChars : maxStringChars) - writer.skipped;
  if (end - at >= room) {
    writer.mode = 'ground';
    return at + room;
  }
  if (writer.parameters.length < maxParameters) writer.parameters += chunk.slice(at, Math.min(end, at + maxParameters));
  writer.skipped += end - at;
  if (end === chunk.length) return end;
  const code = chunk.charCodeAt(end);
  if (code === 0x07 && writer.mode === 'osc' && writer.endMark !== '' && writer.parameters === writer.endMark) {
    writer.mode = 'over';
  } else if (code === escape) writer.mode = writer.mode === 'osc' ? 'escape' : 'stringEscape';
  else if (code !== 0x07 || writer.mode === 'osc') writer.mode = 'ground';
  else writer.skipped += 1;
  return end + 1;
}
