import { usageError } from './usage-error.ts';

/** Parses `team=web`. Splits at the first `=`: values may contain others. */
export function parseLabel(text: string): [name: string, value: string] {
  const at = text.indexOf('=');
  if (at < 1) throw usageError(`${JSON.stringify(text)} is not a label`, 'write it as name=value: --label team=web');
  const name = text.slice(0, at);
  // No schema keeps it.
  if (name === '__proto__') throw usageError('__proto__ cannot be the name of a label');
  return [name, text.slice(at + 1)];
}

/** Labels by name. Throws INVALID_ARGUMENT for a name that was given twice: one of the values would be ignored. */
export function labelsOf(
  pairs: readonly (readonly [name: string, value: string])[] | undefined,
): Record<string, string> | undefined {
  const twice = pairs?.find(([name], index) => pairs.findIndex((pair) => pair[0] === name) < index);
  if (twice) throw usageError(`the label ${JSON.stringify(twice[0])} is given twice`);
  return pairs && Object.fromEntries(pairs);
}
