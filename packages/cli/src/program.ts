import { Command } from 'commander';
import { registerAnswer } from './declarations/answer.ts';
import { registerArtifacts } from './declarations/artifacts.ts';
import { registerAttach } from './declarations/attach.ts';
import { addCommonOptions } from './invocation/add-command.ts';
import { registerConfig } from './declarations/config.ts';
import { registerDiff } from './declarations/diff.ts';
import { registerDoctor } from './declarations/doctor.ts';
import { registerEndings } from './declarations/end.ts';
import { registerEvents } from './declarations/events.ts';
import { registerInstruct } from './declarations/instruct.ts';
import { registerList } from './declarations/list.ts';
import { registerRemove } from './declarations/remove.ts';
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
import { checkMount, commandGroups, offers, type CommandName } from './mount.ts';
import { terminalWidth } from './render/fit.ts';

const registrations: readonly ((parent: Command, deps: CliDependencies) => void)[] = [
  registerRun,
  registerSubmit,
  registerWatch,
  registerWait,
  registerList,
  registerEvents,
  registerArtifacts,
  registerDiff,
  registerRequeue,
  registerRemove,
  registerInstruct,
  registerEndings,
  registerAnswer,
  registerAttach,
  registerRuntimes,
  registerServe,
  registerStop,
  registerVerify,
  registerDoctor,
  registerConfig,
];

/**
 * Makes the whole `runtime` program, or with `deps.mount` the part of it that a host mounts. It never ends the process:
 * where commander would, for help, the version or wrong arguments, it throws a CommanderError and calls `onExit` with
 * the command that was meant. Throws INVALID_ARGUMENT for a mount with a command that is none.
 */
export function createProgram(deps: CliDependencies, onExit: (command: Command) => void = () => {}): Command {
  const { mount } = deps;
  if (mount) checkMount(mount);
  const program = new Command(mount?.name ?? 'runtime')
    .description('Run, steer, watch and recover tasks on agent runtimes.')
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
    .addHelpText('after', () => helpOfProgram(terminalWidth(deps.stdout), mount));
  // A host has a version and a completion of its own.
  if (!mount) program.version(deps.version, '-V, --version');
  addCommonOptions(program, deps);
  addOffered(program, deps);
  if (!mount) registerCompletion(program, deps).helpGroup('This machine:');
  throwAtExit(program, onExit);
  return program;
}

/** Adds the commands that are offered, each under its heading. */
function addOffered(program: Command, deps: CliDependencies): void {
  const shelf = program.createCommand().copyInheritedSettings(program);
  for (const register of registrations) register(shelf, deps);
  for (const [heading, names] of Object.entries<readonly CommandName[]>(commandGroups)) {
    for (const name of names) {
      const command = shelf.commands.find((each) => each.name() === name);
      if (command && offers(deps.mount, name)) program.addCommand(command.helpGroup(heading));
    }
  }
}

/** The words that lead to a command: `runtime config show`. */
export function pathOf(command: Command): string {
  return command.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name();
}

/** A command and its arguments, without `[options]`, which every command has. */
export function termOf(command: Command): string {
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
