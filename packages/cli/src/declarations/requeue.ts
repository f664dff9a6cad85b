import type { Command } from 'commander';
import type { CliDependencies } from '../host/dependencies.ts';
import { addCommand } from '../invocation/add-command.ts';

/** `runtime requeue`. */
export function registerRequeue(parent: Command, deps: CliDependencies): void {
  addCommand(parent, deps, {
    usage: 'requeue <task>',
    description: 'run an ended task again, as a new task, and print its id',
    examples: ['requeue last', 'watch $(runtime requeue k3f9x2)'],
    body: async (...given) => (await import('../commands/requeue.ts')).requeue(...given),
  });
}
