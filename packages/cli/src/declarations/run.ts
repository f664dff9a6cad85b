import { Option, type Command } from 'commander';
import type { CliDependencies } from '../host/dependencies.ts';
import { addCommand } from '../invocation/add-command.ts';
import { addTaskOptions } from './task-options.ts';

/** `runtime run`. */
export function registerRun(parent: Command, deps: CliDependencies): void {
  addCommand(parent, deps, {
    usage: 'run [prompt]',
    description: 'submit a task and watch it until it ends',
    options: (command) => {
      addTaskOptions(command).addOption(
        new Option(
          '--output <what>',
          'print nothing but this, once the task has ended: the last message, whole',
        ).choices(['last']),
      );
      // A host whose commands start no owner has one, and a command is not to take its place.
      return deps.startOwner
        ? command.option('--foreground', 'own the data directory in this process, for containers and tests')
        : command;
    },
    details:
      'Ctrl-C stops watching; the task goes on. A second Ctrl-C right after it cancels the task. The exit code is 0 if the task succeeded.',
    examples: [
      'run "fix the flaky test"',
      'run "fix the flaky test" --on pi,claude --deadline 30m',
      'run - --output last < prompt.md > answer.md',
      'run "write report.md" --deliverable report.md',
      'run "fix the flaky test" --check "npm test"',
    ],
    ownSignals: true,
    body: async (...given) => (await import('../commands/run.ts')).run(...given),
  });
}
