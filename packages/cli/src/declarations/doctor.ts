import type { Command } from 'commander';
import type { CliDependencies } from '../host/dependencies.ts';
import { addCommand } from '../invocation/add-command.ts';

/** `runtime doctor`. */
export function registerDoctor(parent: Command, deps: CliDependencies): void {
  addCommand(parent, deps, {
    usage: 'doctor',
    examples: ['doctor', 'doctor --json', 'doctor -q'],
    description: 'check everything that tasks need here; starts and changes nothing',
    body: async (...given) => (await import('../commands/doctor.ts')).doctor(...given),
  });
}
