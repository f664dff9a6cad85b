import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { TestProject } from 'vitest/node';

/**
 * Bundles the command line from its sources once for all tests of a run, as the package is bundled: hundreds of
 * processes start it, and one that loads each source by itself takes more than twice the CPU time.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const directory = await mkdtemp(join(tmpdir(), 'cli-programs-'));
  const tsup = createRequire(import.meta.url).resolve('tsup/dist/cli-default.js');
  // In a process of its own, which ends with all of its helpers.
  await promisify(execFile)(
    process.execPath,
    [tsup, '--config', 'test/support/tsup.config.ts', '--out-dir', directory, '--silent'],
    { cwd: fileURLToPath(new URL('../../packages/cli', import.meta.url)) },
  );
  project.provide('cliPrograms', directory);
  return () => rm(directory, { recursive: true, force: true });
}
