import type { Command } from 'commander';
import { parseAge } from '../arguments/duration.ts';
import { parseSize } from '../arguments/size.ts';
import { usageError } from '../arguments/usage-error.ts';
import type { CliDependencies } from '../host/dependencies.ts';
import { addCommand, parsedOption } from '../invocation/add-command.ts';

const dryRun = ['--dry-run', 'say what would be removed, and remove nothing'] as const;
const why = ['--why <text>', 'recorded with the removal'] as const;

/** `runtime rm` and `runtime prune`. */
export function registerRemove(parent: Command, deps: CliDependencies): void {
  addCommand(parent, deps, {
    usage: 'rm <tasks...>',
    description: 'remove ended tasks for good: their events, runs and, at the next collection, artifacts',
    options: (command) => command.option(...dryRun).option(...why),
    details:
      'A task that has not ended is refused, and one that an unfinished task continues. Of several, the others are removed, and the exit code is 1.',
    examples: ['rm last', 'rm k3f9x2 m4pq7z', 'rm --dry-run $(runtime list -q --status cancelled)'],
    body: async (...given) => (await import('../commands/remove.ts')).remove(...given),
  });
  addCommand(parent, deps, {
    usage: 'prune',
    description: 'remove ended tasks by age, number or size, those that ended first first',
    options: (command) =>
      command
        .addOption(parsedOption('--older-than <age>', 'tasks that ended longer ago: 30d', parseAge))
        .addOption(parsedOption('--keep <count>', 'all but the last so many', parseCount))
        .addOption(parsedOption('--size <size>', 'until the data directory has about this size: 500M, 5G', parseSize))
        .option(...dryRun)
        .option(...why),
    details:
      'Without a limit, by the retention of the configuration, which the owner applies by itself. Of several limits each one holds.',
    examples: ['prune --older-than 30d', 'prune --keep 1000 --dry-run', 'prune --size 5G'],
    body: async (...given) => (await import('../commands/remove.ts')).prune(...given),
  });
}

function parseCount(text: string): number {
  const count = Number(text);
  if (text.trim() === '' || !Number.isSafeInteger(count) || count < 0)
    throw usageError(`expected a whole number, not ${JSON.stringify(text)}`);
  return count;
}
