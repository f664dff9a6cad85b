import { jsonDepthExceeds } from '@runtime/contracts';

/** The deepest nesting of what a log holds: less than overflows the stack of code that copies or prints it. */
export const maxDepth = 256;

/**
 * What a log has written it has checked, so lines are checked again only from this length on: below it, no nesting
 * costs more than its bytes.
 */
const checkedBytes = 4096;

/** True for JSON of an event that nests too deeply. Most texts have too few brackets for that, or are too short. */
export function isTooDeep(text: string): boolean {
  return text.length > 2 * maxDepth && countExceeds(text) && jsonDepthExceeds(text, maxDepth);
}

/** As `isTooDeep`, for the bytes of a line in a file. */
export function isLineTooDeep(bytes: Buffer, start: number, end: number): boolean {
  if (end - start < checkedBytes) return false;
  const line = bytes.subarray(start, end);
  return countExceeds(line) && jsonDepthExceeds(line, maxDepth);
}

/** True when there are more opening brackets than levels allowed, those in strings included. */
function countExceeds(json: string | Buffer): boolean {
  let count = 0;
  for (const bracket of ['{', '[']) {
    for (let at = json.indexOf(bracket); at >= 0; at = json.indexOf(bracket, at + 1)) {
      count += 1;
      if (count > maxDepth) return true;
    }
  }
  return false;
}
