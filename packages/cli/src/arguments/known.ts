import { usageError } from './usage-error.ts';

/**
 * Parses a list of words of which all are known, such as `running,waiting`. With `families`, `tool.*` stands for every
 * word that begins with `tool.`. Throws INVALID_ARGUMENT with the words that are known.
 */
export function parseKnown(
  text: string,
  what: string,
  known: readonly string[],
  { families = false }: { readonly families?: boolean } = {},
): string[] {
  const words = text.split(',').map((word) => word.trim());
  const fits = (word: string): boolean =>
    families && word.endsWith('*') ? known.some((each) => each.startsWith(word.slice(0, -1))) : known.includes(word);
  const unknown = words.find((word) => !fits(word));
  if (unknown === undefined) return words;
  // Of a long list, what begins alike is enough.
  const family = unknown.split('.')[0] ?? '';
  const alike = known.filter((each) => family !== '' && each.startsWith(`${family}.`));
  const shown = alike.length > 0 ? alike : known;
  throw usageError(`${JSON.stringify(unknown)} is not a known ${what}`, `known: ${shown.join(', ')}`);
}
