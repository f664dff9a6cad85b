import { InvalidArgumentError, Option, type Command } from 'commander';
import { AgentRuntimeError } from '@runtime/contracts';
import type { CliDependencies } from '../host/dependencies.ts';
import { addAfterHelp } from './help.ts';
import { terminalWidth } from '../render/fit.ts';
import { spoken } from '../render/spoken.ts';
import { handle, type Handler, type HandlerOptions } from './handle.ts';

/** The options that every command takes, before its name or after it. */
export function commonOptions({ loadConfig }: Pick<CliDependencies, 'loadConfig'>): Option[] {
  const config = new Option(
    '--config <path>',
    'the configuration file (default: the nearest runtime.config.json, from here upwards)',
  );
  return [
    new Option('--data-dir <path>', 'where tasks are kept (default: $RUNTIME_DATA_DIR, else the state directory)'),
    // A host that brings its configuration has no file to name.
    ...(loadConfig ? [] : [config]),
    new Option('--json', 'print one JSON document; NDJSON for run, events and log'),
    new Option(
      '-q, --quiet',
      'print only the bare result: ids, a status, what the agent says, or the document asked for; else nothing',
    ),
    new Option('--verbose', 'show more detail, and the causes of errors'),
  ];
}

/** Adds the options that every command takes. */
export function addCommonOptions(command: Command, deps: CliDependencies): void {
  for (const option of commonOptions(deps)) command.addOption(option);
}

/** One command. */
export interface CommandSpec extends HandlerOptions {
  /** The name and the arguments, as commander spells them: `steer <task> [text]`. */
  readonly usage: string;
  readonly description: string;
  readonly options?: (command: Command) => Command;
  readonly body: Handler;
  /** Other names of the command. */
  readonly aliases?: readonly string[];
  /** Shown after the help. */
  readonly details?: string;
  /** Command lines without the name of the program, shown after the help. */
  readonly examples?: readonly string[];
}

const argumentHelp: Readonly<Record<string, string>> = {
  file: 'a regular file of this machine',
  names: 'the names of artifacts, as artifacts list shows them',
  task: 'its id, as lists show it, any unique part of the id, or last for the newest task here',
  prompt: 'what the agent is to do; - reads standard input',
  text: 'the text of the instruction; - reads standard input',
  tasks: 'ids, as lists show them, any unique parts of ids, or last for the newest task here',
  shell: 'bash, zsh or fish',
  approval: 'the id of the approval',
  choice: 'the id or the label of a choice, or allow or deny',
};

/** Adds a command with its own and the common options. `handle` wraps its body. */
export function addCommand(parent: Command, deps: CliDependencies, spec: CommandSpec): Command {
  const command = parent.command(spec.usage).description(spec.description);
  for (const argument of command.registeredArguments) argument.description = argumentHelp[argument.name()] ?? '';
  spec.options?.(command);
  for (const option of command.options) option.description = spoken(option.description, deps.mount);
  addCommonOptions(command, deps);
  command.aliases(spec.aliases ?? []);
  addAfterHelp(command, spec, deps.mount, () => terminalWidth(deps.stdout));
  return command.action(handle(deps, spec.body, spec));
}

/** An option whose value is parsed at once: the error for a bad value then names the option. */
export function parsedOption(flags: string, description: string, parse: (text: string) => unknown): Option {
  return new Option(flags, description).argParser((text: string) => asArgumentError(() => parse(text)));
}

/** An option that may be given more than once. Its values become an array. */
export function repeatedOption(flags: string, description: string, parse: (text: string) => unknown): Option {
  return new Option(flags, description).argParser((text: string, before: readonly unknown[] | undefined) => [
    ...(before ?? []),
    asArgumentError(() => parse(text)),
  ]);
}

function asArgumentError<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    const { rawMessage, hint } = AgentRuntimeError.from(error);
    throw new InvalidArgumentError(hint === undefined ? `${rawMessage}.` : `${rawMessage}.\n(${hint})`);
  }
}
