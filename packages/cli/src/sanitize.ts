import { initialEscapeState, readEscapes } from '@runtime/adapter-kit/terminal';

/**
 * Text of an agent, a file or a chat user must not control a terminal. Before it is shown, escape sequences and control
 * characters are removed, and bidirectional controls, which can make a line read differently from what it is.
 * Raw text stays in the log, and in `--json`, where controls are written as escapes.
 */

/** Bidirectional marks, embeddings, overrides and isolates; and lone surrogates, which are no characters. */
const unshown = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\p{Surrogate}]/gu;

/** A sanitiser for text in pieces: it recognises a sequence or a surrogate pair that is cut in two. */
export interface StreamSanitizer {
  /** Returns the part of the text so far that may be shown now. */
  push(text: string): string;
}

/** Makes a sanitiser. Between pieces it remembers at most one UTF-16 unit of text. */
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

/** Removes escape sequences (VT, CSI, OSC, DCS, APC), bidi controls, and C0 and C1 controls but line feed and tab. */
export function sanitize(text: string): string {
  return createSanitizer().push(text);
}

/** The controls that `JSON.stringify` leaves as they are, although terminals act on them. */
const unescapedControls = /[\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** A value as JSON without control characters. It parses to the same value. */
export function safeJson(value: unknown, indent?: number): string {
  return (JSON.stringify(value, undefined, indent) ?? 'null').replace(
    unescapedControls,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** Text for one line: sanitised, white space folded, cut to `width` characters with an ellipsis. */
export function sanitizeLine(text: string, width = 200): string {
  // Not the whole text: a title may have megabytes.
  const folded = sanitize(text.slice(0, width * 20))
    .replace(/\s+/g, ' ')
    .trim();
  const characters = Array.from(folded);
  return characters.length > width ? `${characters.slice(0, Math.max(0, width - 1)).join('')}…` : folded;
}
