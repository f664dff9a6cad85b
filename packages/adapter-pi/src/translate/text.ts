import { headOf, tailOf } from '@runtime/adapter-kit/source';
import { maxEventTextChars } from '@runtime/contracts/adapter';

/** Head and tail with a line between them that counts the missing characters; at most `max` long. */
export function headAndTail(text: string, max: number = maxEventTextChars): string {
  if (text.length <= max) return text;
  const room = Math.floor((max - 100) / 2);
  const head = headOf(text, room);
  const tail = tailOf(text, room);
  return `${head}\n[… ${text.length - head.length - tail.length} characters left out …]\n${tail}`;
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
