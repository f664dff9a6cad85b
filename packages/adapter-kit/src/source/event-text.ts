import { maxEventTextChars } from '@runtime/contracts/adapter';

const half = maxEventTextChars / 2;

/** A text as pieces that each fit one event, in order; no character is cut in two. Empty for an empty text. */
export function eventPieces(text: string): string[] {
  const pieces: string[] = [];
  for (let rest = text; rest.length > 0;) {
    const piece = headOf(rest, maxEventTextChars);
    pieces.push(piece);
    rest = rest.slice(piece.length);
  }
  return pieces;
}

/**
 * The text of a message while it grows, for its `message.completed`: whole up to 256 Ki characters, beyond that its
 * head and its tail.
 * Holds no more than that, however long the message is.
 */
export class MessageText {
  #head = '';
  #tail = '';
  #length = 0;

  append(text: string): void {
    this.#length += text.length;
    const fits = this.#tail === '' ? headOf(text, half - this.#head.length) : '';
    this.#head += fits;
    this.#tail += text.slice(fits.length);
    // Trimmed rarely, so that many small pieces do not copy the tail each time.
    if (this.#tail.length > 2 * half) this.#tail = tailOf(this.#tail, half);
  }

  /** The fields of `message.completed`. */
  completed(): { readonly text: string; readonly omittedChars?: number } {
    const tail = tailOf(this.#tail, half);
    const text = this.#head + tail;
    return text.length === this.#length ? { text } : { text, omittedChars: this.#length - text.length };
  }
}

/** The beginning of a text, at most `max` UTF-16 units long; never ends inside a character. */
export function headOf(text: string, max: number): string {
  if (text.length <= max) return text;
  return text.slice(0, Math.max(0, isHighSurrogate(text.charCodeAt(max - 1)) ? max - 1 : max));
}

/** The end of a text, at most `max` UTF-16 units long; never begins inside a character. */
export function tailOf(text: string, max: number): string {
  if (text.length <= max) return text;
  const at = text.length - max;
  return text.slice(isHighSurrogate(text.charCodeAt(at - 1)) ? at + 1 : at);
}

function isHighSurrogate(code: number): boolean {
  return code >= 0xd800 && code <= 0xdbff;
}
