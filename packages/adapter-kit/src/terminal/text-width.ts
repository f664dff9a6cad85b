import { eastAsianWidth } from 'get-east-asian-width';

// oxlint-disable-next-line no-control-regex
const isAscii = /^[\u0000-\u007f]*$/;
const isMark = /^\p{M}$/u;

/**
 * Cells that a text without controls takes in a terminal: two for wide and fullwidth characters, none for marks, one
 * for what is ambiguous.
 */
export function textWidth(text: string): number {
  if (isAscii.test(text)) return text.length;
  let width = 0;
  for (const character of text) width += isMark.test(character) ? 0 : eastAsianWidth(character.codePointAt(0) ?? 0);
  return width;
}
