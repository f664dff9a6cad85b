import type { Command } from 'commander';
import type { CliDependencies } from '../host/dependencies.ts';
import { addCommand } from '../invocation/add-command.ts';

/** `runtime config schema` and `runtime config show`. */
export function registerConfig(parent: Command, deps: CliDependencies): void {
  const config = parent.command('config').description('show the configuration, or its schema');
  addCommand(config, deps, {
    usage: 'schema',
    examples: ['config schema', 'config schema > runtime.config.schema.json'],
    description: 'print the JSON schema of runtime.config.json',
    body: async (...given) => (await import('../commands/config.ts')).showSchema(...given),
  });
  addCommand(config, deps, {
    usage: 'show',
    examples: ['config show', 'config show --json'],
    description: 'print the configuration that applies here, and where it comes from',
    body: async (...given) => (await import('../commands/config.ts')).showConfig(...given),
  });
}
