import type { Command } from 'commander';
import { parseDuration } from '../arguments/duration.ts';
import { usageError } from '../arguments/usage-error.ts';
import { maxConcurrency } from '../config/concurrency.ts';
import type { CliDependencies } from '../host/dependencies.ts';
import { addCommand, parsedOption } from '../invocation/add-command.ts';

/** `runtime serve`. */
export function registerServe(parent: Command, deps: CliDependencies): void {
  addCommand(parent, deps, {
    usage: 'serve',
    examples: ['serve', 'serve --detach', 'serve --idle-exit 1h'],
    description: 'own the data directory and serve its socket; agents outlive the owner',
    details: 'Serves until SIGTERM, Ctrl-C, runtime stop or --idle-exit.',
    options: (command) =>
      command
        .option('--detach', 'serve in the background; returns once the socket answers')
        .addOption(
          parsedOption(
            '--idle-exit <duration>',
            'exit after this time without unfinished tasks and connected clients',
            parseDuration,
          ),
        )
        .addOption(
          parsedOption(
            '--concurrency <count>',
            'how many tasks run at the same time (default: defaults.concurrency of the configuration here, else 4)',
            parseConcurrency,
          ),
        ),
    ownSignals: true,
    body: async (...given) => (await import('../commands/serve.ts')).serve(...given),
  });
}

function parseConcurrency(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1 || count > maxConcurrency)
    throw usageError(`expected a number from 1 to ${maxConcurrency}, not ${JSON.stringify(text)}`);
  return count;
}
