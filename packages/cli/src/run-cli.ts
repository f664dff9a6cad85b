import { CommanderError, type Command } from 'commander';
import { usageError } from './arguments/usage-error.ts';
import type { CliDependencies } from './host/dependencies.ts';
import { reportError } from './invocation/handle.ts';
import { shortHelp } from './invocation/help.ts';
import { exitCodes } from './exit-codes.ts';
import { createProgram, pathOf } from './program.ts';
import { terminalWidth } from './render/fit.ts';

/**
 * Runs one command line; `args` are without the names of node and script. Prints errors and resolves with the exit
 * code, which `deps.exit` gets as well, once everything is written and closed.
 */
export async function runCli(args: readonly string[], deps: CliDependencies): Promise<number> {
  let exitCode: number = exitCodes.succeeded;
  let meant: Command | undefined;
  deps.standSomewhere?.();
  const program = createProgram({ ...deps, exit: (code) => (exitCode = code) }, (command) => (meant = command));
  const attempt = async (words: readonly string[]): Promise<void> => {
    try {
      await program.parseAsync([...words], { from: 'user' });
    } catch (error) {
      const [first, second] = program.args;
      // Commander would show the whole help; as a command, the word is refused with what is like it.
      if (isHelpAsError(error) && first === 'help' && second !== undefined) return attempt([second]);
      exitCode =
        error instanceof CommanderError
          ? await exitCodeOfCommander(error, args, deps, meant ?? program)
          : await reportError(deps, error, flags(args));
    }
  };
  await attempt(args);
  deps.exit(exitCode);
  return exitCode;
}

/** For a missing command, and for a word after `help` that is none. */
const isHelpAsError = (error: unknown): error is CommanderError =>
  error instanceof CommanderError && error.code === 'commander.help' && error.exitCode !== 0;

/** The exit code for what commander threw: help and version are no errors. */
async function exitCodeOfCommander(
  error: CommanderError,
  args: readonly string[],
  deps: CliDependencies,
  command: Command,
): Promise<number> {
  if (error.exitCode === 0) return exitCodes.succeeded;
  const { json, verbose } = flags(args);
  if (isHelpAsError(error)) {
    if (json) return reportError(deps, usageError('the command is missing'), { json, verbose });
    // As gh, docker, kubectl and cargo do: who types the name alone asks what it can do, which is no failure.
    deps.stdout.write(shortHelp(command, terminalWidth(deps.stdout)));
    return exitCodes.succeeded;
  }
  const { message, hint } = plainWords(error);
  const help = command.parent
    ? `${pathOf(command)} --help shows its arguments and options`
    : `${pathOf(command)} help shows the commands`;
  return reportError(deps, usageError(message, hint ?? help), { json, verbose });
}

/** Commander's message without its frame, and the hint in it. */
function plainWords({ message, code }: CommanderError): { readonly message: string; readonly hint?: string } {
  const [first = '', suggestion = ''] = message.replace(/^error: /, '').split('\n');
  const [, option, value, why = ''] =
    /^option '(?:-\w, )?(--[\w-]+)[^']*' argument '([^]*?)' is invalid\. ([^]*)$/.exec(first) ??
    /^command-argument value '()([^]*?)' is invalid for argument '[^']*'\. ([^]*)$/.exec(first) ??
    [];
  const [, choices] = /^Allowed choices are (.*)\.$/.exec(why) ?? [];
  const subject = option ? `${option}: ` : '';
  if (choices !== undefined)
    return { message: `${subject}${JSON.stringify(value)} is not known here`, hint: `known: ${choices}` };
  const hint = suggestion.replace(/^\((.*)\)$/, '$1');
  const said = why === '' ? first : `${subject}${why.replace(/\.$/, '')}`;
  if (hint !== '') return { message: said, hint };
  if (code === 'commander.excessArguments')
    return { message: said, hint: 'text with spaces stands in quotes: "fix the test"' };
  return { message: said };
}

/** Commander failed before it parsed these options: look for them as it would have. */
function flags(args: readonly string[]): { json: boolean; verbose: boolean } {
  const end = args.indexOf('--');
  const options = end < 0 ? args : args.slice(0, end);
  return { json: options.includes('--json'), verbose: options.includes('--verbose') };
}
