/**
 * Whose reading of escape sequences is followed.
 *
 * `tmux`: what tmux itself takes for a sequence, so that the text is what its screen shows. C1 characters are no
 * introducers, a control inside a sequence is obeyed without ending it, only an operating system command ends at BEL,
 * and a string ends at a line feed no more than in tmux.
 *
 * `any`: what any terminal may take for a sequence, for text that must steer none. C1 characters introduce sequences,
 * and everything ends as early as some terminal would end it: a sequence at a control, a string at BEL, C1 ST, ESC or a
 * line feed. So nothing hides what follows for long.
 */
export type EscapeDialect = 'tmux' | 'any';

/**
 * Where the reader stands between two pieces of text. Plain data: the result depends on the characters alone, never on
 * how they were cut.
 */
export interface EscapeState {
  readonly mode: 'ground' | 'escape' | 'intermediate' | 'csi' | 'osc' | 'string' | 'stringEscape';
  /** What was read of the present sequence, at most a little more than 100 characters. */
  readonly parameters: string;
  /** Characters of the string sequence skipped so far. */
  readonly skipped: number;
}

/** What is found, in its order. What is left out is passed over. */
export interface EscapeHandler {
  /** Text without controls; never empty. In the dialect `tmux` it may hold U+0085. */
  text(run: string): void;
  /** A C0 or C1 control, or DEL, that belongs to no sequence. */
  control?(code: number): void;
  /** `ESC [ parameters final`. */
  csi?(parameters: string, final: string): void;
  /** `ESC final`, without intermediate characters. */
  escape?(final: string): void;
  /** `ESC ] content BEL`; the content is cut after about 100 characters. Those ended otherwise are not reported. */
  command?(content: string): void;
}

/** Before the first character. */
export const initialEscapeState: EscapeState = { mode: 'ground', parameters: '', skipped: 0 };

const maxParameters = 100;
/** A string sequence that is never closed must not hide the rest. */
const maxOscChars = 64 * 1024;
const maxStringChars = 1024 * 1024;

const bell = 0x07;
const lineFeed = 0x0a;
const cancel = 0x18;
const substitute = 0x1a;
const escape = 0x1b;
const c1Csi = 0x9b;
const c1Osc = 0x9d;
/** DCS, SOS, PM, APC. */
const c1Strings: ReadonlySet<number> = new Set([0x90, 0x98, 0x9e, 0x9f]);

interface Rules {
  readonly isWary: boolean;
  /** Letters that begin a string after ESC: DCS, SOS, PM, APC, and the window title of tmux and screen. */
  readonly stringLetters: string;
  /** Text without controls, from a place on. */
  readonly plainRun: RegExp;
  readonly stringStop: RegExp;
}

const rules: Readonly<Record<EscapeDialect, Rules>> = {
  tmux: {
    isWary: false,
    stringLetters: 'PX^_k',
    // oxlint-disable-next-line no-control-regex
    plainRun: /[^\u0000-\u001f\u007f-\u0084\u0086-\u009f]+/y,
    // oxlint-disable-next-line no-control-regex
    stringStop: /[\u0007\u0018\u001a\u001b]/g,
  },
  any: {
    isWary: true,
    stringLetters: 'PX^_',
    // oxlint-disable-next-line no-control-regex
    plainRun: /[^\u0000-\u001f\u007f-\u009f]+/y,
    // oxlint-disable-next-line no-control-regex
    stringStop: /[\u0007\u000a\u0018\u001a\u001b\u009c]/g,
  },
};

interface Reader {
  readonly rules: Rules;
  readonly handler: EscapeHandler;
  mode: EscapeState['mode'];
  parameters: string;
  skipped: number;
}

/**
 * Separates text from escape sequences and controls, and calls `handler` for each. Linear in the length of `text`,
 * whatever it holds.
 */
export function readEscapes(
  state: EscapeState,
  text: string,
  dialect: EscapeDialect,
  handler: EscapeHandler,
): EscapeState {
  const reader: Reader = { ...state, rules: rules[dialect], handler };
  for (let at = 0; at < text.length;) at = step(reader, text, at);
  const { mode, parameters, skipped } = reader;
  return { mode, parameters, skipped };
}

/** Reads on from `at`, and returns where to go on. */
function step(reader: Reader, text: string, at: number): number {
  if (reader.mode === 'ground') return ground(reader, text, at);
  if (reader.mode === 'osc' || reader.mode === 'string') return skipString(reader, text, at);
  const code = text.charCodeAt(at);
  if (reader.mode === 'stringEscape') {
    reader.mode = code === 0x5c ? 'ground' : 'string';
    return reader.mode === 'ground' ? at + 1 : at;
  }
  if (code === escape) reader.mode = 'escape';
  else if (code === cancel || code === substitute) reader.mode = 'ground';
  else if (code > 0x7e || (code < 0x20 && reader.rules.isWary)) {
    reader.mode = 'ground'; // no sequence goes on like this: it counts by itself
    return at;
  } else if (code < 0x20) reader.handler.control?.(code);
  else inSequence(reader, code);
  return at + 1;
}

function ground(reader: Reader, text: string, at: number): number {
  const { plainRun, isWary } = reader.rules;
  plainRun.lastIndex = at;
  const run = plainRun.exec(text)?.[0];
  if (run !== undefined) {
    reader.handler.text(run);
    return at + run.length;
  }
  const code = text.charCodeAt(at);
  if (code === escape) reader.mode = 'escape';
  else if (isWary && code === c1Csi) begin(reader, 'csi');
  else if (isWary && code === c1Osc) begin(reader, 'osc');
  else if (isWary && c1Strings.has(code)) begin(reader, 'string');
  else reader.handler.control?.(code);
  return at + 1;
}

function begin(reader: Reader, mode: EscapeState['mode']): void {
  reader.mode = mode;
  reader.parameters = '';
  reader.skipped = 0;
}

/** One printable ASCII character within an escape sequence. */
function inSequence(reader: Reader, code: number): void {
  const character = String.fromCharCode(code);
  if (reader.mode === 'csi') {
    if (code >= 0x40) {
      reader.mode = 'ground';
      reader.handler.csi?.(reader.parameters, character);
    } else if (reader.parameters.length < maxParameters) reader.parameters += character;
  } else if (reader.mode === 'intermediate') {
    if (code >= 0x30) reader.mode = 'ground';
  } else if (character === '[') begin(reader, 'csi');
  else if (character === ']') begin(reader, 'osc');
  else if (reader.rules.stringLetters.includes(character)) begin(reader, 'string');
  else if (code < 0x30) begin(reader, 'intermediate');
  else {
    reader.mode = 'ground';
    reader.handler.escape?.(character);
  }
}

function skipString(reader: Reader, text: string, at: number): number {
  const { stringStop } = reader.rules;
  stringStop.lastIndex = at;
  const end = stringStop.exec(text)?.index ?? text.length;
  const room = (reader.mode === 'osc' ? maxOscChars : maxStringChars) - reader.skipped;
  if (end - at >= room) {
    reader.mode = 'ground';
    return at + room;
  }
  if (reader.parameters.length < maxParameters) {
    reader.parameters += text.slice(at, Math.min(end, at + maxParameters));
  }
  reader.skipped += end - at;
  if (end === text.length) return end;
  return endString(reader, text.charCodeAt(end)) ? end + 1 : end;
}

/** At a character that may end a string. True when it belongs to the string. */
function endString(reader: Reader, code: number): boolean {
  const { isWary } = reader.rules;
  const isCommand = reader.mode === 'osc';
  if (code === escape) reader.mode = isCommand || isWary ? 'escape' : 'stringEscape';
  else if (code === bell && !isCommand && !isWary) reader.skipped += 1;
  else {
    reader.mode = 'ground';
    if (code === bell && isCommand) reader.handler.command?.(reader.parameters);
  }
  return code !== lineFeed;
}
