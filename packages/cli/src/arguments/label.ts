import { usageError } from './usage-error.ts';

/** Parses `team=web`. Splits at the first `=`: values may contain others. */
export function parseLabel(text: string): [name: string, value: string] {
  const at = text.indexOf('=');
  if (at < 1) throw usageError(`${JSON.stringify(text)} is not a label`, 'write it as name=value: --label team=web');
  return [text.slice(0, at), text.slice(at + 1)];
}
