import type { Command } from 'commander';
import type { CliDependencies } from '../host/dependencies.ts';
import { addCommand } from '../invocation/add-command.ts';

/** `runtime stop`. */
export function registerStop(parent: Command, deps: CliDependencies): void {
  addCommand(parent, deps, {
    usage: 'stop',
    examples: ['stop', 'stop --data-dir /srv/runtime', 'stop --json'],
    description: 'let the owner leave; agents go on, and the next task starts another owner',
    body: async (...given) => (await import('../commands/stop.ts')).stop(...given),
    details: `Ends no task and no agent: runtime cancel <task> does. Resolves once the owner has let go of the data
directory. What agents do meanwhile is kept in their files and taken up by the next owner. A runtime run or watch
that is open ends and says so.`,
  });
}
