import type { Command } from 'commander';
import { parseLabel } from '../arguments/label.ts';
import { parsePath } from '../arguments/path.ts';
import { usageError } from '../arguments/usage-error.ts';
import type { CliDependencies } from '../host/dependencies.ts';
import { addCommand, parsedOption, repeatedOption } from '../invocation/add-command.ts';

/** `runtime list` and `runtime status`. */
export function registerList(parent: Command, deps: CliDependencies): void {
  addCommand(parent, deps, {
    usage: 'list',
    aliases: ['ls', 'ps'],
    description: 'list the tasks, newest first',
    examples: ['list --workspace .', 'list --status running,waiting', 'list -q --label team=web'],
    options: (command) =>
      command
        .option('--status <statuses>', 'show only tasks with these statuses: running,waiting')
        .addOption(parsedOption('--workspace <path>', 'show only tasks that work in this directory', parsePath))
        .addOption(
          repeatedOption('--label <label>', 'show only tasks with this label: name=value; repeatable', parseLabel),
        )
        .addOption(parsedOption('--limit <count>', 'show at most this many (default: 50)', parseLimit)),
    body: async (...given) => (await import('../commands/list.ts')).list(...given),
  });
  addCommand(parent, deps, {
    usage: 'status <task>',
    description: 'show a task: what it waits for, its runs, instructions, open approvals and outcome',
    examples: ['status last', 'status k3f9x2 --json', 'status k3f9x2 -q'],
    body: async (...given) => (await import('../commands/list.ts')).status(...given),
  });
}

function parseLimit(text: string): number {
  const limit = Number(text);
  if (!Number.isInteger(limit) || limit < 1 || limit > 100_000)
    throw usageError(`expected a number from 1 to 100000, not ${JSON.stringify(text)}`);
  return limit;
}
