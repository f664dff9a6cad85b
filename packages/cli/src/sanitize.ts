import { initialEscapeState, readEscapes } from '@runtime/adapter-kit/terminal';

/**
 * What an agent, a file or a chat user wrote must not steer a terminal: at display, escape sequences and control characters go,
 * as do the bidirectional controls with which a line can be made to read differently from what it is.
 * Raw text stays in the log, and in `--json`, where controls are written as escapes.
 */

/** Bidirectional marks, embeddings, overrides and isolates, and half characters, which show as nothing that anybody wrote. */
const unshown = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\p{Surrogate}]/gu;

/** A sanitiser for text that comes in pieces: a sequence or a surrogate pair cut in two is recognised all the same. */
export interface StreamSanitizer {
  /** What of this piece may be shown now. */
  push(text: string): string;
}

/** Makes a sanitiser that remembers, between pieces, at most one unit of text. */
export function createSanitizer(): StreamSanitizer {
  let state = initialEscapeState;
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
      state = readEscapes(state, text, 'any', {
        text: (run) => (shown += run.replace(unshown, '')),
        control: (code) => {
          if (code === 0x0a || code === 0x09) shown += String.fromCharCode(code);
        },
      });
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
