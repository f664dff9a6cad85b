import type { Command } from 'commander';
import { parsePath } from '../arguments/path.ts';
import type { CliDependencies } from '../host/dependencies.ts';
import { addCommand, parsedOption } from '../invocation/add-command.ts';

/** `runtime diff` and `runtime apply`. */
export function registerDiff(parent: Command, deps: CliDependencies): void {
  addCommand(parent, deps, {
    usage: 'diff <task>',
    description: 'show what a task has changed in its worktree, as a patch',
    options: (command) => command.option('--stat', 'list the files instead'),
    details: 'Of a task that has not ended, it shows what is there now. Nothing in the worktree is touched.',
    examples: ['diff last', 'diff k3f9x2 --stat', 'diff last > review.patch'],
    body: async (...given) => (await import('../commands/diff.ts')).diff(...given),
  });
  addCommand(parent, deps, {
    usage: 'apply <task>',
    description: 'apply what a task has changed in its worktree to the checkout here',
    options: (command) =>
      command
        .addOption(parsedOption('--to <directory>', 'another checkout (default: the current directory)', parsePath))
        .option('--check', 'only say whether it applies')
        .option('--three-way', 'merge where it does not apply, with conflict markers where both sides changed'),
    details: 'All of it or nothing; your other changes stay. The index is not touched, and nothing is committed.',
    examples: ['apply last', 'apply k3f9x2 --check', 'apply last --three-way'],
    body: async (...given) => (await import('../commands/diff.ts')).apply(...given),
  });
}
