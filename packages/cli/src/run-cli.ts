import { CommanderError, type Command } from 'commander';
import { usageError } from './arguments/usage-error.ts';
import type { CliDependencies } from './host/dependencies.ts';
import { reportError } from './invocation/handle.ts';
import { exitCodes } from './exit-codes.ts';
import { createProgram } from './program.ts';

/** Runs one command line, without the names of node and script. Resolves to the exit code once everything is written and closed. */
export async function runCli(args: readonly string[], deps: CliDependencies): Promise<number> {
  let exitCode: number = exitCodes.succeeded;
  let help = 'runtime help shows the commands';
  const program = createProgram({ ...deps, exit: (code) => (exitCode = code) }, (command) => {
    if (command !== program) help = `${pathOf(command)} --help shows what it takes`;
  });
  try {
    await program.parseAsync([...args], { from: 'user' });
  } catch (error) {
    exitCode =
      error instanceof CommanderError
        ? await endOf(error, args, deps, help)
        : await reportError(deps, error, flags(args));
  }
  deps.exit(exitCode);
  return exitCode;
}

/** Help and version are thrown as well, and are no errors. */
async function endOf(
  error: CommanderError,
  args: readonly string[],
  deps: CliDependencies,
  help: string,
): Promise<number> {
  if (error.exitCode === 0) return exitCodes.succeeded;
  // A command that was not named: the help is on stderr already.
  if (error.code === 'commander.help') {
    const { json, verbose } = flags(args);
    return json ? reportError(deps, usageError('no command was given'), { json, verbose }) : exitCodes.usage;
  }
  const [message = '', suggestion] = error.message.replace(/^error: /, '').split('\n');
  const hint = suggestion === undefined || suggestion === '' ? help : suggestion.replace(/^\((.*)\)$/, '$1');
  return reportError(deps, usageError(message, hint), flags(args));
}

function pathOf(command: Command): string {
  return command.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name();
}

/** Commander failed before it knew its options: look for them as it would have. */
function flags(args: readonly string[]): { json: boolean; verbose: boolean } {
  const end = args.indexOf('--');
  const options = end < 0 ? args : args.slice(0, end);
  return { json: options.includes('--json'), verbose: options.includes('--verbose') };
}
