import type { Argument, Command, Option } from 'commander';

/** What may stand at the end of a command line: values with a word about each, and whether files may as well. */
export interface Suggestions {
  readonly values: readonly (readonly [value: string, about: string])[];
  readonly files: 'none' | 'files' | 'directories';
}

/** The place that is to be completed. */
export interface Wanted {
  readonly command: Command;
  readonly current: string;
  /** `topic` is a command that help is asked for. */
  readonly place: 'flag' | 'value' | 'command' | 'topic' | 'argument' | 'nothing';
  /** The option whose value it is. */
  readonly option?: Option;
  /** The argument that it is, where it is no option. */
  readonly argument?: Argument;
}

/** Where values come from that are not in the program: tasks, runtimes. By name of the option or argument. */
export type Sources = (name: string, command: Command, current: string) => Promise<Suggestions | undefined>;

/** Finds the place at the end of the words, and the options on the way that say where tasks are. */
export function findWanted(
  program: Command,
  words: readonly string[],
): { readonly wanted: Wanted; readonly options: { dataDir?: string; config?: string } } {
  const current = words.at(-1) ?? '';
  const options: { dataDir?: string; config?: string } = {};
  let command = program;
  let isOver = false;
  let isHelp = false;
  let count = 0;
  let open: Option | undefined;
  for (const word of words.slice(0, -1)) {
    if (open) {
      note(options, open, word);
      open = undefined;
    } else if (word === '--') isOver = true;
    else if (!isOver && word.startsWith('-')) {
      const [name, value] = splitOption(word);
      const option = optionOf(command, name);
      if (option && takesValue(option)) {
        if (value === undefined) open = option;
        else note(options, option, value);
      }
    } else {
      const child = count === 0 && !isHelp ? childOf(command, word) : undefined;
      if (child) command = child;
      // Commander's own, and no child: what follows is a command, and nothing follows that.
      else if (word === 'help' && count === 0 && command.commands.length > 0 && !isHelp) isHelp = true;
      else count += 1;
    }
  }
  if (open) return { wanted: { command, current, place: 'value', option: open }, options };
  const [name, value] = splitOption(current);
  const option = !isOver && value !== undefined ? optionOf(command, name) : undefined;
  if (option) return { wanted: { command, current: value ?? '', place: 'value', option }, options };
  const args = command.registeredArguments;
  const argument = args[count] ?? (args.at(-1)?.variadic ? args.at(-1) : undefined);
  if (!isOver && current.startsWith('-')) return { wanted: { command, current, place: 'flag' }, options };
  if (argument) return { wanted: { command, current, place: 'argument', argument }, options };
  const names = isHelp ? 'topic' : 'command';
  const place = count === 0 && command.commands.length > 0 ? names : 'nothing';
  return { wanted: { command, current, place }, options };
}

function note(options: { dataDir?: string; config?: string }, option: Option, value: string): void {
  if (option.long === '--data-dir') options.dataDir = value;
  if (option.long === '--config') options.config = value;
}

function splitOption(word: string): [name: string, value: string | undefined] {
  const at = word.startsWith('--') ? word.indexOf('=') : -1;
  return at < 0 ? [word, undefined] : [word.slice(0, at), word.slice(at + 1)];
}

const takesValue = (option: Option): boolean => option.required || option.optional;

const optionOf = (command: Command, name: string): Option | undefined =>
  command.options.find((option) => option.long === name || option.short === name) ??
  (command.parent ? optionOf(command.parent, name) : undefined);

const childOf = (command: Command, name: string): Command | undefined =>
  command.commands.find((child) => child.name() === name || child.aliases().includes(name));

/** What may stand at the wanted place and begins like what is there. */
export async function suggest(wanted: Wanted, sources: Sources): Promise<Suggestions> {
  const { command, current, place, option, argument } = wanted;
  const begin = ({ values, files }: Suggestions): Suggestions => ({
    values: values.filter(([value]) => value.startsWith(current)),
    files,
  });
  if (place === 'flag') return begin({ values: flagsOf(command), files: 'none' });
  if (place === 'command' || place === 'topic') {
    const visible = command.createHelp().visibleCommands(command);
    const shown = visible.filter((child) => place === 'command' || child.name() !== 'help');
    return begin({ values: shown.map((child) => [child.name(), child.description()] as const), files: 'none' });
  }
  const choices = (option ?? argument)?.argChoices?.map((choice) => [choice, ''] as const);
  if (choices) return begin({ values: choices, files: 'none' });
  const name = option?.long ?? argument?.name() ?? '';
  return begin((await sources(name, command, current)) ?? { values: [], files: 'none' });
}

function flagsOf(command: Command): (readonly [string, string])[] {
  const own = command.createHelp().visibleOptions(command);
  return own.flatMap(({ long, description }) => (long ? [[long, description] as const] : []));
}
