import { execFile, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { processesIn } from '../src/system/processes.ts';

const script = fileURLToPath(new URL('support/without-descriptors.ts', import.meta.url));

/** A directory in which a process has a file open, and nothing else. */
async function heldDirectory() {
  const dir = await realpath(await mkdtemp(join(tmpdir(), 'processes-')));
  const file = openSync(join(dir, 'open'), 'w');
  const child = spawn('sleep', ['100000'], { stdio: ['ignore', file, 'ignore'] });
  closeSync(file);
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await rm(dir, { recursive: true });
  });
  return { dir, pid: child.pid };
}

describe.runIf(process.platform === 'linux')('the processes in a directory', () => {
  it('are found by the files that they have open', async () => {
    const { dir, pid } = await heldDirectory();
    expect(await processesIn(dir)).toEqual({ looked: true, processes: [{ pid, by: 'file' }] });
    expect(await processesIn(`${dir}/other`)).toEqual({ looked: true, processes: [] });
  });

  it('are not taken for none where no descriptor is left for a look', async () => {
    const { dir } = await heldDirectory();
    const args = ['-c', 'ulimit -n 60; exec "$@"', 'sh', process.execPath, '--conditions=@runtime/source', script, dir];
    const { stdout } = await promisify(execFile)('/bin/sh', args);
    expect(stdout).toBe('EMFILE\n');
  });
});
