import type { Command } from 'commander';
import type { CliDependencies } from '../host/dependencies.ts';
import { addCommand } from '../invocation/add-command.ts';

/** `runtime verify`. */
export function registerVerify(parent: Command, deps: CliDependencies): void {
  addCommand(parent, deps, {
    usage: 'verify',
    examples: ['verify', 'verify --json', 'verify --data-dir /backup/runtime'],
    description: 'check every line of the log against its checksum; changes nothing',
    body: async (...given) => (await import('../commands/verify.ts')).verify(...given),
  });
}
