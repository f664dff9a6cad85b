import { CommanderError } from 'commander';
import { usageError } from './arguments/usage-error.ts';
import type { CliDependencies } from './host/dependencies.ts';
import { reportError } from './invocation/handle.ts';
import { exitCodes } from './exit-codes.ts';
import { createProgram, pathOf } from './program.ts';

/**
 * Runs one command line; `args` are without the names of node and script. Prints errors and resolves with the exit
 * code, which `deps.exit` gets as well, once everything is written and closed.
 */
export async function runCli(args: readonly string[], deps: CliDependencies): Promise<number> {
  let exitCode: number = exitCodes.succeeded;
  let help = 'runtime help shows the commands';
  const program = createProgram({ ...deps, exit: (code) => (exitCode = code) }, (command) => {
    if (command !== program) help = `${pathOf(command)} --help shows its arguments and options`;
  });
  try {
    await program.parseAsync([...args], { from: 'user' });
  } catch (error) {
    exitCode =
      error instanceof CommanderError
        ? await exitCodeOfCommander(error, args, deps, help)
        : await reportError(deps, error, flags(args));
  }
  deps.exit(exitCode);
  return exitCode;
}

/** The exit code for what commander threw: help and version are no errors. */
async function exitCodeOfCommander(
  error: CommanderError,
  args: readonly string[],
  deps: CliDependencies,
  help: string,
): Promise<number> {
  if (error.exitCode === 0) return exitCodes.succeeded;
  // No command was named: commander has printed the help on stderr.
  if (error.code === 'commander.help') {
    const { json, verbose } = flags(args);
    return json ? reportError(deps, usageError('the command is missing'), { json, verbose }) : exitCodes.usage;
  }
  const { message, hint } = plainWords(error);
  return reportError(deps, usageError(message, hint ?? help), flags(args));
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
