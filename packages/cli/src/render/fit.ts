import { textWidth } from '@runtime/adapter-kit/terminal';

/** How wide a terminal is. One that does not know says 0, or nothing: then it is as wide as `usual`. */
export function terminalWidth({ columns = 0 }: { readonly columns?: number | undefined }, usual = 80): number {
  return columns > 0 ? columns : usual;
}

/** Our own colours: everything else was removed before. */
// oxlint-disable-next-line no-control-regex
const colour = /(\u001b\[[0-9;]*m)/;

const isColour = (piece: string): boolean => piece.startsWith('\u001b');

/** The cells that a line takes in a terminal, colours aside. */
export function lineWidth(line: string): number {
  return line.split(colour).reduce((sum, piece) => sum + (isColour(piece) ? 0 : textWidth(piece)), 0);
}

/** Cuts a line to so many cells, with an ellipsis. Colours stay whole and end where they ended. */
export function cutLine(line: string, width: number): string {
  if (lineWidth(line) <= width) return line;
  let left = Math.max(0, width - 1);
  let isCut = false;
  let cut = '';
  for (const piece of line.split(colour)) {
    if (isColour(piece)) cut += piece;
    else if (!isCut) {
      const kept = beginning(piece, left);
      isCut = kept.length < piece.length;
      left -= textWidth(kept);
      cut += isCut ? `${kept.trimEnd()}…` : kept;
    }
  }
  return cut;
}

function beginning(text: string, width: number): string {
  let kept = '';
  let used = 0;
  for (const character of text) {
    used += textWidth(character);
    if (used > width) return kept;
    kept += character;
  }
  return kept;
}

/** Shortens words that are wider than this in their middle: of a path, both ends say something. Without colours. */
export function shortenWords(text: string, width: number): string {
  return text.replaceAll(/[^ ]+/g, (word) => (textWidth(word) <= width ? word : shortenMiddle(word, width)));
}

function shortenMiddle(word: string, width: number): string {
  const first = beginning(word, Math.ceil((width - 1) / 2));
  const backwards = Array.from(word).toReversed().join('');
  const last = Array.from(beginning(backwards, width - 1 - textWidth(first))).toReversed();
  return `${first}…${last.join('')}`;
}

/** Wraps lines between words; what follows the first line of each is indented. Longer words are left whole. */
export function wrapLine(text: string, width: number, indent = '  '): string {
  return text
    .split('\n')
    .map((line) => wrapOne(line, width, indent))
    .join('\n');
}

function wrapOne(line: string, width: number, indent: string): string {
  if (lineWidth(line) <= width) return line;
  const lines: string[] = [];
  let current = '';
  // Each word with the spaces before it.
  for (const word of line.match(/ *[^ ]+/g) ?? []) {
    // A path that is longer than a line is left to the terminal, from which it is copied whole.
    const isTooLong = lineWidth(`${indent}${word.trimStart()}`) > width;
    if (current === '' || isTooLong || lineWidth(current + word) <= width) current += word;
    else {
      lines.push(current);
      current = `${indent}${word.trimStart()}`;
    }
  }
  return [...lines, current].join('\n');
}
