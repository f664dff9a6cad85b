import type { Command } from 'commander';
import type { CliDependencies } from '../host/dependencies.ts';
import { exitCodes } from '../exit-codes.ts';
import { sanitizeLine } from '../sanitize.ts';
import { addCommand } from '../invocation/add-command.ts';

/** `runtime verify`. */
export function registerVerify(parent: Command, deps: CliDependencies): void {
  addCommand(parent, deps, {
    usage: 'verify',
    examples: ['verify', 'verify --json', 'verify --data-dir /backup/runtime'],
    description: 'check every line of the log against its checksum; changes nothing',
    body: async ({ dataDir, out }) => {
      const { ok, problems, report } = await deps.planes.verify(dataDir);
      await out.document(report);
      for (const problem of problems) await out.line(`${out.colours.red('✗')} ${sanitizeLine(problem, 1000)}`);
      await out.line(ok ? `${out.colours.green('✓')} the log is intact` : 'the log is damaged');
      return ok ? exitCodes.succeeded : exitCodes.failed;
    },
  });
}
