import type { Command } from 'commander';
import type { CliDependencies } from '../host/dependencies.ts';
import { addCommand } from '../invocation/add-command.ts';

/** `runtime attach`. */
export function registerAttach(parent: Command, deps: CliDependencies): void {
  addCommand(parent, deps, {
    usage: 'attach <task>',
    description: 'open the terminal of a running agent in this one, where the runtime has one (tmux)',
    details: 'To leave a tmux terminal: Ctrl-b, then d. The agent goes on.',
    examples: ['attach last', 'attach k3f9x2 --read-only'],
    options: (command) => command.option('--read-only', 'only watch: what you type does not reach the agent'),
    ownSignals: true,
    body: async (...given) => (await import('../commands/attach.ts')).attach(...given),
  });
}
