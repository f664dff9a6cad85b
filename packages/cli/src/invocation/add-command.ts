import { InvalidArgumentError, Option, type Command } from 'commander';
import { AgentRuntimeError } from '@runtime/contracts';
import type { CliDependencies } from '../host/dependencies.ts';
import { handle, type Handler, type HandlerOptions } from './handle.ts';

/** Adds the options that every command takes. They may stand before the command's name as well as after it. */
export function addCommonOptions(command: Command): Command {
  return command
    .option('--data-dir <path>', 'where tasks are kept (default: $RUNTIME_DATA_DIR, else the state directory)')
    .option('--config <path>', 'the configuration file (default: the nearest runtime.config.json upwards)')
    .option('--json', 'one JSON document on stdout; NDJSON for events, log and run')
    .option('--verbose', 'more detail; errors with their causes');
}

export interface CommandSpec extends HandlerOptions {
  /** As in commander: `steer <task> <text>`. */
  readonly usage: string;
  readonly description: string;
  readonly options?: (command: Command) => Command;
  readonly body: Handler;
  /** Shown after the help. */
  readonly details?: string;
}

/** Adds a command with the common options, its own, and its body behind the edge. */
export function addCommand(parent: Command, deps: CliDependencies, spec: CommandSpec): Command {
  const command = parent.command(spec.usage).description(spec.description);
  for (const argument of command.registeredArguments)
    if (argument.name() === 'task') argument.description = 'its id, the beginning of its id, or last';
  spec.options?.(command);
  addCommonOptions(command);
  if (spec.details !== undefined) command.addHelpText('after', `\n${spec.details}`);
  return command.action(handle(deps, spec.body, spec));
}

/** An option whose value is parsed at once, so that a bad one is named together with its option. */
export function parsedOption(flags: string, description: string, parse: (text: string) => unknown): Option {
  return new Option(flags, description).argParser((text: string) => asArgumentError(() => parse(text)));
}

/** An option that may be given more than once; the values come as an array. */
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
    throw new InvalidArgumentError(hint === undefined ? `${rawMessage}.` : `${rawMessage} (${hint}).`);
  }
}
