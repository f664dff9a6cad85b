import { maxEventTextChars } from '@runtime/contracts/adapter';

const isHighSurrogate = (code: number): boolean => code >= 0xd800 && code <= 0xdbff;

/** The beginning of a text, at most `max` long; never cuts a character. */
export function headOf(text: string, max: number): string {
  if (text.length <= max) return text;
  return text.slice(0, isHighSurrogate(text.charCodeAt(max - 1)) ? max - 1 : max);
}

/** The end of a text, at most `max` long; never cuts a character. */
function tailOf(text: string, max: number): string {
  if (text.length <= max) return text;
  const at = text.length - max;
  return text.slice(isHighSurrogate(text.charCodeAt(at - 1)) ? at + 1 : at);
}

/** Head and tail with a line between them that counts the missing characters; at most `max` long. */
export function headAndTail(text: string, max: number = maxEventTextChars): string {
  if (text.length <= max) return text;
  const room = Math.floor((max - 100) / 2);
  const head = headOf(text, room);
  const tail = tailOf(text, room);
  return `${head}\n[… ${text.length - head.length - tail.length} characters left out …]\n${tail}`;
}

/** A text in pieces that each fit into an event. */
export function pieces(text: string, max: number = maxEventTextChars): string[] {
  const all: string[] = [];
  for (let rest = text; rest.length > 0;) {
    const piece = headOf(rest, max);
    all.push(piece);
    rest = rest.slice(piece.length);
  }
  return all;
}

const half = maxEventTextChars / 2;

/** The head and the tail of a growing text, in bounded memory. */
export interface HeadAndTail {
  head: string;
  tail: string;
  total: number;
}

export const emptyHeadAndTail = (): HeadAndTail => ({ head: '', tail: '', total: 0 });

export function grow(kept: HeadAndTail, text: string): void {
  kept.total += text.length;
  if (kept.tail === '') {
    const room = half - kept.head.length;
    const fits = headOf(text, room);
    kept.head += room > 0 ? fits : '';
    if (fits.length === text.length && room > 0) return;
    kept.tail = room > 0 ? text.slice(fits.length) : text;
  } else {
    kept.tail += text;
  }
  // Trimmed rarely, so that small pieces do not copy the tail each time.
  if (kept.tail.length > 2 * half) kept.tail = tailOf(kept.tail, half);
}

/** The text for an event, and how many characters are missing in the middle. */
export function keptText(kept: HeadAndTail): { text: string; omittedChars: number } {
  const tail = tailOf(kept.tail, half);
  return { text: kept.head + tail, omittedChars: kept.total - kept.head.length - tail.length };
}
