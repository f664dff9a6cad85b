import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readIdentity, signalProcess, type ProcessIdentity } from '@runtime/adapter-kit/process';
import { expect, inject, it, vi } from 'vitest';
import { ProcessLab } from '../support/process-lab.ts';

vi.setConfig({ testTimeout: 60_000 * inject('slowness') });

/** Never answers, and has a child. Only the command line hears Ctrl-C. */
const hung = `#!/bin/sh
cd "$HOME"
sh -c 'echo $$ >child; exec sleep 100000' &
echo $$ >program
wait
`;

it.each(['doctor', 'runtimes'])('Ctrl-C during a look at a program leaves nothing of it: %s', async (command) => {
  await using lab = await ProcessLab.open('main');
  const bin = join(lab.root, 'bin');
  await mkdir(bin);
  await writeFile(join(bin, 'tmux'), hung);
  await chmod(join(bin, 'tmux'), 0o755);
  lab.env['PATH'] = `${bin}:${lab.env['PATH']}`;
  const runtimes = { hung: { adapter: 'local', command: ['tmux'], versionArgs: ['-V'] } };
  await writeFile(join(lab.workspace, 'runtime.config.json'), JSON.stringify({ runtimes }));
  const living = async (): Promise<ProcessIdentity[]> => {
    const files = ['program', 'child'].map((file) => readFile(join(lab.root, file), 'utf8').catch(() => '0'));
    const found = await Promise.all(files.map(async (pid) => readIdentity(Number(await pid))));
    return found.filter((identity) => identity !== undefined);
  };

  const cli = lab.start(command);
  await expect.poll(living, { timeout: 20_000 * inject('slowness') }).toHaveLength(2);
  try {
    cli.kill('SIGINT');
    expect((await cli).exitCode).toBe(130);
    await expect.poll(living).toEqual([]);
  } finally {
    for (const identity of await living()) await signalProcess(identity, 'SIGKILL');
  }
});
