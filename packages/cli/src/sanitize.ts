/**
 * What an agent, a file or a chat user wrote must not steer a terminal: at display, escape sequences and control characters go,
 * as do the bidirectional controls with which a line can be made to read differently from what it is.
 * Raw text stays in the log, and in `--json`, where controls are written as escapes.
 */
type State = 'ground' | 'escape' | 'intermediate' | 'csi' | 'string' | 'stringEscape';

const ESC = 0x1b;
/** DCS, SOS, OSC, PM and APC, as the letter after ESC and as their C1 characters. */
const stringStarters: ReadonlySet<number> = new Set([0x50, 0x58, 0x5d, 0x5e, 0x5f]);
const c1StringStarters: ReadonlySet<number> = new Set([0x90, 0x98, 0x9d, 0x9e, 0x9f]);

/** Marks, embeddings, overrides and isolates. */
function isBidiControl(code: number): boolean {
  return (
    code === 0x061c ||
    code === 0x200e ||
    code === 0x200f ||
    (code >= 0x202a && code <= 0x202e) ||
    (code >= 0x2066 && code <= 0x2069)
  );
}

function isShown(code: number): boolean {
  if (code === 0x0a || code === 0x09) return true;
  return code >= 0x20 && !(code >= 0x7f && code <= 0x9f) && !isBidiControl(code);
}

interface Step {
  readonly state: State;
  /** Whether this character is shown. */
  readonly shown: boolean;
}

const into = (state: State): Step => ({ state, shown: false });

function fromGround(code: number): Step {
  if (code === ESC) return into('escape');
  if (code === 0x9b) return into('csi');
  if (c1StringStarters.has(code)) return into('string');
  return { state: 'ground', shown: isShown(code) };
}

/** A control or a character beyond ASCII breaks off the sequence, and counts by itself. */
function fromSequence(state: 'escape' | 'intermediate' | 'csi', code: number): Step {
  if (code < 0x20 || code > 0x7e) return fromGround(code);
  if (state === 'csi') return into(code >= 0x40 ? 'ground' : 'csi');
  if (state === 'escape' && code === 0x5b) return into('csi');
  if (state === 'escape' && stringStarters.has(code)) return into('string');
  return into(code <= 0x2f ? 'intermediate' : 'ground');
}

/** A string ends at BEL, ST, CAN and SUB, and at a line feed: an unterminated one must not swallow all that follows. */
function fromString(code: number): Step {
  if (code === 0x0a) return fromGround(code);
  if (code === ESC) return into('stringEscape');
  return into(code === 0x07 || code === 0x9c || code === 0x18 || code === 0x1a ? 'ground' : 'string');
}

function step(state: State, code: number): Step {
  if (state === 'ground') return fromGround(code);
  if (state === 'string') return fromString(code);
  // ESC \ is ST; ESC and anything else ends the string and begins another sequence.
  if (state === 'stringEscape') return code === 0x5c ? into('ground') : fromSequence('escape', code);
  return fromSequence(state, code);
}

/** Half a character: it shows as nothing that anybody wrote. */
function isLoneSurrogate(text: string, index: number): boolean {
  const code = text.charCodeAt(index);
  if (code < 0xd800 || code > 0xdfff) return false;
  const other = text.charCodeAt(code < 0xdc00 ? index + 1 : index - 1);
  return code < 0xdc00 ? !(other >= 0xdc00 && other <= 0xdfff) : !(other >= 0xd800 && other < 0xdc00);
}

/** A sanitiser for text that comes in pieces: a sequence or a surrogate pair cut in two is recognised all the same. */
export interface StreamSanitizer {
  /** What of this piece may be shown now. */
  push(text: string): string;
}

/** Makes a sanitiser that remembers, between pieces, at most one unit of text. */
export function createSanitizer(): StreamSanitizer {
  let state: State = 'ground';
  let held = '';
  return {
    push(piece) {
      let text = held + piece;
      held = '';
      const last = text.charCodeAt(text.length - 1);
      if (last >= 0xd800 && last <= 0xdbff) {
        held = text.slice(-1);
        text = text.slice(0, -1);
      }
      let shown = '';
      for (let index = 0; index < text.length; index += 1) {
        const taken = step(state, text.charCodeAt(index));
        state = taken.state;
        if (taken.shown && !isLoneSurrogate(text, index)) shown += text[index];
      }
      return shown;
    },
  };
}

/** The text without escape sequences (VT, CSI, OSC, DCS, APC), C0 and C1 controls except line feed and tab, and bidi controls. */
export function sanitize(text: string): string {
  return createSanitizer().push(text);
}

/** Legal in JSON as they are, and obeyed by terminals: what `JSON.stringify` leaves of the controls. */
const unescapedControls = /[\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** A value as JSON that no terminal obeys. It parses to the same value. */
export function safeJson(value: unknown, indent?: number): string {
  return (JSON.stringify(value, undefined, indent) ?? 'null').replace(
    unescapedControls,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** For one line of a table or a title: sanitised, white space folded, cut to `width` characters with an ellipsis. */
export function sanitizeLine(text: string, width = 200): string {
  // Nobody shows more than this; a title of megabytes is not worth its scan.
  const folded = sanitize(text.slice(0, width * 20))
    .replace(/\s+/g, ' ')
    .trim();
  const characters = Array.from(folded);
  return characters.length > width ? `${characters.slice(0, Math.max(0, width - 1)).join('')}…` : folded;
}
