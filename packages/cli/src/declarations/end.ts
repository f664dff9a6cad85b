import type { Command } from 'commander';
import type { CliDependencies } from '../host/dependencies.ts';
import { addCommand } from '../invocation/add-command.ts';

interface Ending {
  readonly name: 'interrupt' | 'cancel' | 'close';
  readonly description: string;
  readonly examples: readonly string[];
  readonly details?: string;
}

const endings: readonly Ending[] = [
  {
    name: 'interrupt',
    description: 'end the running turn; the task then waits for a follow-up',
    examples: ['interrupt last', 'interrupt k3f9x2 --why "wrong file"'],
  },
  {
    name: 'cancel',
    description: 'end the task and stop its processes',
    examples: ['cancel last', 'cancel k3f9x2 --wait', 'cancel k3f9x2 --why "no longer needed"'],
    details: 'Where no owner lives, it ends the task itself, waits until that is done, and starts no owner.',
  },
  {
    name: 'close',
    description: 'end the task once the agent rests; it takes no more instructions',
    examples: ['close last', 'close k3f9x2 --wait'],
  },
];

/** `runtime interrupt`, `cancel` and `close`. */
export function registerEndings(parent: Command, deps: CliDependencies): void {
  for (const { name, description, examples, details } of endings) {
    addCommand(parent, deps, {
      usage: `${name} <task>`,
      description,
      examples,
      ...(details === undefined ? {} : { details }),
      options: (command) => {
        command.option('--why <text>', 'the reason, which is recorded');
        return name === 'interrupt' ? command : command.option('--wait', 'wait until the task has ended');
      },
      body: async (...given) => (await import('../commands/end.ts')).end[name](...given),
    });
  }
}
