import type { Command } from 'commander';
import type { CliDependencies } from '../host/dependencies.ts';
import { addCommand } from '../invocation/add-command.ts';

/** `runtime answer`. */
export function registerAnswer(parent: Command, deps: CliDependencies): void {
  addCommand(parent, deps, {
    usage: 'answer <task> [approval] [choice]',
    description: 'answer an open approval; without an answer, list them, or ask on a terminal',
    options: (command) =>
      command
        .option('--value <text>', 'free text, where the approval takes it')
        .option('--why <text>', 'the reason, which is recorded'),
    examples: ['answer last', 'answer last allow', 'answer k3f9x2 deny --why "not on main"'],
    details: 'If only one approval is open, its id may be left out:\nruntime answer <task> allow',
    body: async (...given) => (await import('../commands/answer.ts')).answer(...given),
  });
}
