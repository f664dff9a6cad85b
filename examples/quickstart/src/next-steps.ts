import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { narrate } from './narrator.ts';
import type { Stage } from './stage.ts';

/** The command line of this repository. */
export const commandLine: readonly string[] = [
  process.execPath,
  '--conditions=@runtime/source',
  fileURLToPath(import.meta.resolve('@runtime/cli/package.json')).replace(/package\.json$/, 'src/main.ts'),
];

/** Leaves a command in the directory of the show that works on its data, and says what to type. */
export async function offerNextSteps({ root, dataDir }: Stage, steered: string, degraded: string): Promise<void> {
  const path = join(root, 'runtime');
  const words = [...commandLine, '--data-dir', dataDir].map((word) => `'${word.replaceAll("'", `'\\''`)}'`);
  await writeFile(path, `#!/bin/sh\nexec ${words.join(' ')} "$@"\n`);
  await chmod(path, 0o755);
  narrate.title('Type next');
  narrate.line(`Both tasks are kept in ${root}, with a command that works on them:\n`);
  narrate.line(`  ${path} watch ${steered.slice(-6)}      # the first task once more, as it was shown`);
  narrate.line(`  ${path} status ${degraded.slice(-6)}     # the second one: its runs, and why each ended`);
  narrate.line(`  ${path} events ${degraded.slice(-6)}     # every event that the plane recorded for it\n`);
  narrate.line(`To do the same with your own agents: ${path} doctor. To remove it all: rm -r ${root}`);
}
