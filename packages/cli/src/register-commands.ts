import { Help, type Command, type Option } from 'commander';
import { usageError } from './arguments/usage-error.ts';
import { exitCodes } from './exit-codes.ts';
import { commonOptions } from './invocation/add-command.ts';
import type { CliDependencies } from './host/dependencies.ts';
import type { Mount } from './mount.ts';
import { createProgram, pathOf, termOf } from './program.ts';
import { runCli } from './run-cli.ts';
import { wordsBehind } from './invocation/typed-words.ts';

/**
 * Adds commands to a command of the caller, such as `openclaw runtime`, or to its program. Nothing is opened, started,
 * written or listened to before one of them is called.
 *
 * What is typed behind `parent` is read by a program of our own. So a command prints its errors itself, passes its exit
 * code to `deps.exit`, once (2 for wrong usage), and lets nothing through to the `parse` of the caller, whose exits,
 * outputs and options stay as they are. An option that a command above `parent` has as well is ours behind `parent`, and
 * the caller's before it.
 *
 * A `parent` that is a command of a program, and not the program itself, is taken as one for these commands: it takes
 * the common options, shows its help when nothing follows it, and refuses other words. Its own commands stay.
 *
 * Throws INVALID_ARGUMENT for a command that is none, and for one whose name `parent` has already.
 *
 * @param mount @default every command, under the names that lead to `parent`
 */
export function registerCommands(parent: Command, deps: CliDependencies, mount: Partial<Mount> = {}): void {
  // A program may get its name when it is parsed, from the name of its file.
  const mounted = (): CliDependencies => ({ ...deps, mount: { name: pathOf(parent).trim() || 'program', ...mount } });
  const { commands } = createProgram(mounted());
  refuseTaken(parent, commands);
  const options = [...commonOptions(deps), ...commands.flatMap(optionsOf)];
  const run = async (words: readonly string[]): Promise<void> => void (await runCli(words, mounted()));
  const isProgram = parent.parent === null;
  for (const command of commands) {
    const entry = addEntry(parent, command, () => helpOf(command.name(), mounted()));
    const typed = (): string[] =>
      isProgram ? [entry.name(), ...wordsBehind(entry, options)] : wordsBehind(parent, options);
    entry.action(() => run(typed()));
  }
  useTermsOf(commands, parent);
  if (isProgram) return;
  addMissing(parent, commonOptions(deps));
  // Whatever is no command of the caller's is for these commands.
  parent
    .allowUnknownOption()
    .allowExcessArguments()
    .action(async () => {
      const words = wordsBehind(parent, options);
      if (words.length > 0) await run(words);
      else showHelp(parent, deps);
    });
}

/** An entry in the program of the caller. It reads no words, and its own `--help` is that of the real command. */
function addEntry(parent: Command, command: Command, formatHelp: () => string): Command {
  return parent
    .command(command.name())
    .description(command.description())
    .aliases(command.aliases())
    .helpGroup(command.helpGroup())
    .helpOption(false)
    .allowUnknownOption()
    .allowExcessArguments()
    .configureHelp({ formatHelp });
}

/** For `host help run`, which the program of the caller answers. */
function helpOf(name: string, deps: CliDependencies): string {
  let text = '';
  const command = createProgram(deps).commands.find((each) => each.name() === name);
  command?.configureOutput({ writeOut: (part) => void (text += part) }).outputHelp();
  return text;
}

/** With the commands that the caller has beside ours. */
function showHelp(parent: Command, deps: CliDependencies): void {
  deps.stdout.write(parent.helpInformation());
  deps.exit(exitCodes.succeeded);
}

function addMissing(parent: Command, options: readonly Option[]): void {
  for (const option of options) {
    const { long, short } = option;
    const isTaken = parent.options.some((own) => own.long === long || (short !== undefined && own.short === short));
    if (!isTaken) parent.addOption(option);
  }
}

/** The arguments of a command stand in the list of commands, as in the list of the `runtime` program. */
function useTermsOf(commands: readonly Command[], parent: Command): void {
  const usual = new Help();
  const terms = new Map(commands.map((command) => [command.name(), termOf(command)]));
  parent.configureHelp({
    subcommandTerm: (command) => terms.get(command.name()) ?? usual.subcommandTerm(command),
    ...parent.configureHelp(),
  });
}

const optionsOf = (command: Command): Option[] => [...command.options, ...command.commands.flatMap(optionsOf)];

function refuseTaken(parent: Command, commands: readonly Command[]): void {
  const namesOf = (command: Command): string[] => [command.name(), ...command.aliases()];
  const taken = parent.commands.flatMap(namesOf);
  const name = commands.flatMap(namesOf).find((each) => taken.includes(each));
  if (name === undefined) return;
  throw usageError(`${pathOf(parent)} has a command ${name} already`, 'mount the others, by their names');
}
