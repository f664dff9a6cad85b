import type { Command } from 'commander';
import { configJsonSchema } from '../config/json-schema.ts';
import { sourceOf } from '../config/load.ts';
import type { CliDependencies } from '../host/dependencies.ts';
import { safeJson, sanitizeLine } from '../sanitize.ts';
import { addCommand } from '../invocation/add-command.ts';

/** `runtime config schema` and `runtime config show`. */
export function registerConfig(parent: Command, deps: CliDependencies): void {
  const config = parent.command('config').description('show the configuration, or its schema');
  addCommand(config, deps, {
    usage: 'schema',
    examples: ['config schema', 'config schema > runtime.config.schema.json'],
    description: 'print the JSON schema of runtime.config.json',
    body: async ({ out }) => out.write(`${JSON.stringify(configJsonSchema(), undefined, out.json ? 0 : 2)}\n`),
  });
  addCommand(config, deps, {
    usage: 'show',
    examples: ['config show', 'config show --json'],
    description: 'print the configuration that applies here, and where it comes from',
    body: async (context) => {
      const loaded = await context.config();
      const { path, config: found } = loaded;
      await context.out.document({ path: path ?? null, config: found });
      await context.out.line(sanitizeLine(sourceOf(loaded) ?? 'no configuration file; these are the defaults:', 1000));
      await context.out.bare(safeJson(found, 2));
    },
  });
}
