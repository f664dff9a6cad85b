import { Command } from 'commander';
import { registerAnswer } from './commands/answer.ts';
import { registerAttach } from './commands/attach.ts';
import { addCommonOptions } from './invocation/add-command.ts';
import { registerConfig } from './commands/config.ts';
import { registerDoctor } from './commands/doctor.ts';
import { registerEndings } from './commands/end.ts';
import { registerEvents } from './commands/events.ts';
import { registerInstruct } from './commands/instruct.ts';
import { registerList } from './commands/list.ts';
import { registerRequeue } from './commands/requeue.ts';
import { registerRun } from './commands/run.ts';
import { registerRuntimes } from './commands/runtimes.ts';
import { registerServe } from './commands/serve.ts';
import { registerSubmit } from './commands/submit.ts';
import { registerVerify } from './commands/verify.ts';
import type { CliDependencies } from './host/dependencies.ts';
import { exitCodesHelp } from './exit-codes.ts';

const groups: readonly (readonly [string, readonly ((parent: Command, deps: CliDependencies) => void)[]])[] = [
  ['Tasks:', [registerRun, registerSubmit, registerList, registerEvents, registerRequeue]],
  ['Talking to a task:', [registerInstruct, registerEndings, registerAnswer, registerAttach]],
  ['This machine:', [registerRuntimes, registerServe, registerVerify, registerDoctor, registerConfig]],
];

/**
 * Adds every command to a program that somebody else made, for instance `openclaw runtime`.
 * Errors are printed by the commands themselves, and `deps.exit` gets the exit code; what commander finds wrong in the arguments is the parent's to print.
 */
export function registerCommands(parent: Command, deps: CliDependencies): void {
  for (const [heading, registrations] of groups) {
    parent.commandsGroup(heading);
    for (const register of registrations) register(parent, deps);
  }
}

/** The whole `runtime` program. It never ends the process: commander's own endings are thrown as CommanderError, and `ending` is told whose they are. */
export function createProgram(deps: CliDependencies, ending: (command: Command) => void = () => {}): Command {
  const program = new Command('runtime')
    .description('Run, steer, watch and recover tasks on agent runtimes.')
    .version(deps.version, '-V, --version')
    .configureOutput({
      writeOut: (text) => void deps.stdout.write(text),
      writeErr: (text) => void deps.stderr.write(text),
      // Printed at the edge, once, as every other error.
      outputError: () => {},
      getOutHelpWidth: () => deps.stdout.columns ?? 80,
      getErrHelpWidth: () => deps.stderr.columns ?? 80,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .addHelpText('after', `\n${exitCodesHelp}`);
  addCommonOptions(program);
  registerCommands(program, deps);
  throwEndings(program, ending);
  return program;
}

function throwEndings(command: Command, ending: (command: Command) => void): void {
  command.exitOverride((error) => {
    ending(command);
    throw error;
  });
  for (const child of command.commands) throwEndings(child, ending);
}
