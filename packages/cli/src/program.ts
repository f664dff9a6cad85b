import { Command } from 'commander';
import { registerAnswer } from './declarations/answer.ts';
import { registerAttach } from './declarations/attach.ts';
import { addCommonOptions } from './invocation/add-command.ts';
import { registerConfig } from './declarations/config.ts';
import { registerDoctor } from './declarations/doctor.ts';
import { registerEndings } from './declarations/end.ts';
import { registerEvents } from './declarations/events.ts';
import { registerInstruct } from './declarations/instruct.ts';
import { registerList } from './declarations/list.ts';
import { registerRequeue } from './declarations/requeue.ts';
import { registerRun } from './declarations/run.ts';
import { registerRuntimes } from './declarations/runtimes.ts';
import { registerServe } from './declarations/serve.ts';
import { registerStop } from './declarations/stop.ts';
import { registerSubmit } from './declarations/submit.ts';
import { registerVerify } from './declarations/verify.ts';
import { registerWait } from './declarations/wait.ts';
import { registerWatch } from './declarations/watch.ts';
import { registerCompletion } from './declarations/completion.ts';
import type { CliDependencies } from './host/dependencies.ts';
import { formatItem, formatUsage, helpOfProgram } from './invocation/help.ts';
import { terminalWidth } from './render/fit.ts';

const groups: readonly (readonly [string, readonly ((parent: Command, deps: CliDependencies) => void)[]])[] = [
  ['Tasks:', [registerRun, registerSubmit, registerWatch, registerWait, registerList, registerEvents, registerRequeue]],
  ['Talking to a task:', [registerInstruct, registerEndings, registerAnswer, registerAttach]],
  ['This machine:', [registerRuntimes, registerServe, registerStop, registerVerify, registerDoctor, registerConfig]],
];

/**
 * Adds every command to a program of the caller, for instance `openclaw runtime`.
 * A command prints its own errors and passes its exit code to `deps.exit`, once. Errors of commander about the
 * arguments are not caught: they are printed or thrown as the parent is configured.
 */
export function registerCommands(parent: Command, deps: CliDependencies): void {
  for (const [heading, registrations] of groups) {
    parent.commandsGroup(heading);
    for (const register of registrations) register(parent, deps);
  }
}

/**
 * Makes the whole `runtime` program. It never ends the process: where commander would, for help, the version or wrong
 * arguments, it throws a CommanderError and calls `onExit` with the command that was meant.
 */
export function createProgram(deps: CliDependencies, onExit: (command: Command) => void = () => {}): Command {
  const program = new Command('runtime')
    .description('Run, steer, watch and recover tasks on agent runtimes.')
    .version(deps.version, '-V, --version')
    .configureOutput({
      writeOut: (text) => void deps.stdout.write(text),
      // `runCli` prints errors, once and as every other error; and, where no command is named, the short help.
      writeErr: () => {},
      outputError: () => {},
      getOutHelpWidth: () => terminalWidth(deps.stdout),
      getErrHelpWidth: () => terminalWidth(deps.stderr),
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    // The default of 40 leaves descriptions unwrapped on narrow terminals.
    .configureHelp({
      minWidthToWrap: 16,
      subcommandTerm: termOf,
      formatItem,
      commandUsage: (command) => formatUsage(`${pathOf(command)} ${command.usage()}`, terminalWidth(deps.stdout)),
    })
    .addHelpText('after', () => helpOfProgram(terminalWidth(deps.stdout)));
  addCommonOptions(program);
  registerCommands(program, deps);
  registerCompletion(program, deps);
  throwAtExit(program, onExit);
  return program;
}

/** The words that lead to a command: `runtime config show`. */
export function pathOf(command: Command): string {
  return command.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name();
}

/** A command and its arguments, without `[options]`, which every command has. */
function termOf(command: Command): string {
  const args = command.registeredArguments.map((arg) => {
    const name = arg.variadic ? `${arg.name()}...` : arg.name();
    return arg.required ? `<${name}>` : `[${name}]`;
  });
  return [command.name(), ...args].join(' ');
}

function throwAtExit(command: Command, onExit: (command: Command) => void): void {
  command.exitOverride((error) => {
    onExit(command);
    throw error;
  });
  for (const child of command.commands) throwAtExit(child, onExit);
}
