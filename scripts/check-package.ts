// Packs the package in the current directory as a release would, and judges the tarball: publint its files and fields,
// attw whether TypeScript finds the types of every entry.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The output is shown when the command fails. */
function run(...command: readonly string[]): boolean {
  const { status, stdout, stderr } = spawnSync('pnpm', command, {
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
  if (status !== 0) process.stderr.write(`${stdout}${stderr}`);
  return status === 0;
}

const folder = mkdtempSync(join(tmpdir(), 'pack-'));
try {
  const isPacked = run('pack', '--pack-destination', folder);
  const tarball = join(folder, readdirSync(folder)[0] ?? '');
  const isSound =
    isPacked &&
    [
      run('exec', 'publint', '--strict', tarball),
      run('exec', 'attw', tarball, '--profile', 'esm-only', '--no-definitely-typed', '--format', 'ascii'),
    ].every(Boolean);
  process.exitCode = isSound ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
