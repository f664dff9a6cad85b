import type { Command } from 'commander';
import type { CliDependencies } from '../host/dependencies.ts';
import { addCommand } from '../invocation/add-command.ts';

/** `runtime runtimes`. */
export function registerRuntimes(parent: Command, deps: CliDependencies): void {
  addCommand(parent, deps, {
    usage: 'runtimes',
    examples: ['runtimes', 'runtimes --refresh', 'runtimes --json'],
    description: 'show the runtimes, what they can do, and why one is unavailable',
    options: (command) => command.option('--refresh', 'probe again instead of showing the last result'),
    body: async (...given) => (await import('../commands/runtimes.ts')).runtimes(...given),
  });
}
