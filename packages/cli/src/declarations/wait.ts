import type { Command } from 'commander';
import { parseDuration } from '../arguments/duration.ts';
import type { CliDependencies } from '../host/dependencies.ts';
import { addCommand, parsedOption } from '../invocation/add-command.ts';

/** `runtime wait`. */
export function registerWait(parent: Command, deps: CliDependencies): void {
  addCommand(parent, deps, {
    usage: 'wait <tasks...>',
    description: 'wait until tasks have ended, and print how',
    options: (command) =>
      command
        .option('--any', 'wait only for the first one that ends')
        .addOption(parsedOption('--timeout <duration>', 'how long to wait; then exit with 124', parseDuration)),
    details: 'The exit code is 0 if every task that was waited for succeeded.',
    examples: ['wait last', 'wait k3f9x2 m4pq7z --timeout 10m', 'wait --any $(runtime list -q --status running)'],
    body: async (...given) => (await import('../commands/wait.ts')).wait(...given),
  });
}
