import type { Command, Option } from 'commander';

/**
 * The words that were typed behind the name of a command. Commander takes out of them the options that the commands above
 * know, wherever they stand, and a leading `--`; here, what is `ours` stays, and only the other options of those above
 * are left out.
 */
export function wordsBehind(command: Command, ours: readonly Option[]): string[] {
  const path = lineOf(command);
  const above: Option[] = [];
  let words = rawWords(path[0] ?? command) ?? command.args;
  for (const [depth, each] of path.entries()) {
    if (depth > 0) words = words.slice(endOfName(each, words, above));
    above.push(...each.options);
  }
  const foreign = above.filter((option) => !ours.some((own) => isSame(own, option)));
  return without(foreign, ours, words);
}

/** From the program down to the command. */
const lineOf = (command: Command): Command[] => (command.parent ? [...lineOf(command.parent), command] : [command]);

/** What was given to `parse`. Commander keeps it, and its declarations do not say so. */
function rawWords(program: Command): string[] | undefined {
  if (!('rawArgs' in program) || !Array.isArray(program.rawArgs)) return undefined;
  return program.rawArgs.filter((word) => typeof word === 'string');
}

/** The index behind the name of the command, or one of its aliases, where it is no value of an option. */
function endOfName(command: Command, words: readonly string[], options: readonly Option[]): number {
  const names = [command.name(), ...command.aliases()];
  for (let at = 0; at < words.length; at += lengthOf(words, at, options)) {
    if (names.includes(words[at] ?? '')) return at + 1;
  }
  return words.length;
}

function without(foreign: readonly Option[], ours: readonly Option[], words: readonly string[]): string[] {
  const kept: string[] = [];
  for (let at = 0; at < words.length;) {
    if (words[at] === '--') return [...kept, ...words.slice(at)];
    const isForeign = optionAt(words, at, foreign) !== undefined;
    const length = lengthOf(words, at, isForeign ? foreign : ours);
    if (!isForeign) kept.push(...words.slice(at, at + length));
    at += length;
  }
  return kept;
}

/** How many words belong together here: an option and its values are more than one. */
function lengthOf(words: readonly string[], at: number, options: readonly Option[]): number {
  const option = optionAt(words, at, options);
  if (!option || !(option.required || option.optional) || words[at] !== nameOf(words[at])) return 1;
  const isValue = (index: number): boolean => index < words.length && !(words[index] ?? '').startsWith('-');
  let end = at + 1;
  if (option.required && end < words.length) end += 1;
  else if (isValue(end)) end += 1;
  while (option.variadic && isValue(end)) end += 1;
  return end - at;
}

function optionAt(words: readonly string[], at: number, options: readonly Option[]): Option | undefined {
  const name = nameOf(words[at]);
  return options.find(({ long, short }) => name !== undefined && (long === name || short === name));
}

/** The name of the option that a word begins with: its value may be in the same word, `--profile=x` and `-px`. */
function nameOf(word = ''): string | undefined {
  if (word.startsWith('--')) return word.split('=', 1)[0];
  return word.startsWith('-') ? word.slice(0, 2) : undefined;
}

const isSame = (one: Option, other: Option): boolean =>
  (one.long !== undefined && one.long === other.long) || (one.short !== undefined && one.short === other.short);
