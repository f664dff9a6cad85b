import type { Command } from 'commander';
import type { CliDependencies } from '../host/dependencies.ts';
import { addCommand } from '../invocation/add-command.ts';
import { addTaskOptions } from './task-options.ts';

/** `runtime submit`. */
export function registerSubmit(parent: Command, deps: CliDependencies): void {
  addCommand(parent, deps, {
    usage: 'submit [prompt]',
    description: 'submit a task and return at once; prints its id',
    examples: [
      'submit "write the changelog"',
      'submit - --on claude < prompt.md',
      'wait $(runtime submit "fix the test")',
    ],
    options: addTaskOptions,
    body: async (...given) => (await import('../commands/submit.ts')).submit(...given),
  });
}
