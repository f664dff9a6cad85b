import { InvalidArgumentError, Option, type Command } from 'commander';
import { AgentRuntimeError } from '@runtime/contracts';
import type { CliDependencies } from '../host/dependencies.ts';
import { addAfterHelp } from './help.ts';
import { terminalWidth } from '../render/fit.ts';
import { handle, type Handler, type HandlerOptions } from './handle.ts';

/** Adds the options that every command takes, before its name or after it. */
export function addCommonOptions(command: Command): Command {
  return command
    .option('--data-dir <path>', 'where tasks are kept (default: $RUNTIME_DATA_DIR, else the state directory)')
    .option('--config <path>', 'the configuration file (default: the nearest runtime.config.json, from here upwards)')
    .option('--json', 'print one JSON document; NDJSON for run, events and log')
    .option(
      '-q, --quiet',
      'print only the bare result: ids, a status, what the agent says, or the document asked for; else nothing',
    )
    .option('--verbose', 'show more detail, and the causes of errors');
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
  task: 'its id as runtime list shows it, any unique part of the id, or last for the newest task here',
  prompt: 'what the agent is to do; - reads standard input',
  text: 'the text of the instruction; - reads standard input',
  tasks: 'ids as runtime list shows them, any unique parts of ids, or last for the newest task here',
  shell: 'bash, zsh or fish',
  approval: 'the id of the approval',
  choice: 'the id or the label of a choice, or allow or deny',
};

/** Adds a command with its own and the common options. `handle` wraps its body. */
export function addCommand(parent: Command, deps: CliDependencies, spec: CommandSpec): Command {
  const command = parent.command(spec.usage).description(spec.description);
  for (const argument of command.registeredArguments) argument.description = argumentHelp[argument.name()] ?? '';
  spec.options?.(command);
  addCommonOptions(command);
  command.aliases(spec.aliases ?? []);
  addAfterHelp(command, spec.details, spec.examples ?? [], () => terminalWidth(deps.stdout));
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
