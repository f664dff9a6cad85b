import type { Command } from 'commander';
import type { CliDependencies } from '../host/dependencies.ts';
import { addCommand } from '../invocation/add-command.ts';

/** `runtime watch`. */
export function registerWatch(parent: Command, deps: CliDependencies): void {
  addCommand(parent, deps, {
    usage: 'watch <task>',
    description: 'show a task as run does, from its beginning until it ends',
    details: 'Ctrl-C stops watching; the task goes on. The exit code is 0 if the task succeeded.',
    examples: ['watch last', 'watch k3f9x2 --verbose', 'watch last -q > answer.md'],
    body: async (...given) => (await import('../commands/watch.ts')).watch(...given),
  });
}
