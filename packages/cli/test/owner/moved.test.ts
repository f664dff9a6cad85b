import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, inject, it, vi } from 'vitest';
import { nodePlanes } from '../../src/host/node-planes.ts';
import { endProcess, ProcessLab } from '../support/process-lab.ts';

// Each test is a handful of processes; on a busy machine each takes seconds to start.
vi.setConfig({ testTimeout: 120_000 * inject('slowness') });

const runtimes = {
  local: { adapter: 'local', command: ['sh', '-c', '{prompt}'] },
  tmux: { adapter: 'tmux', command: ['sh', '-c', '{prompt}'] },
};

/** Moves the lab's data directory, with all commands from now on; ends its owner and moves it back when disposed. */
async function move(lab: ProcessLab): Promise<AsyncDisposable> {
  const moved = join(lab.root, 'elsewhere');
  await rename(lab.dataDir, moved);
  lab.env['RUNTIME_DATA_DIR'] = moved;
  return {
    async [Symbol.asyncDispose]() {
      const owner = await nodePlanes().owner(moved);
      if (owner) await endProcess(owner.pid);
      await rename(moved, lab.dataDir);
      lab.env['RUNTIME_DATA_DIR'] = lab.dataDir;
    },
  };
}

describe.skipIf(process.platform !== 'linux')('a data directory that is moved under an agent', () => {
  it.each([
    ['local', 'lives'],
    ['local', 'was killed'],
    ['tmux', 'lives'],
    ['tmux', 'was killed'],
  ])('loses neither output nor exit of %s, where the owner %s', async (runtime, owner) => {
    await using lab = await ProcessLab.open('main');
    await writeFile(join(lab.workspace, 'runtime.config.json'), JSON.stringify({ runtimes }));
    const [begun, go] = [join(lab.root, 'begun'), join(lab.root, 'go')];
    // It ends with the lab, whatever becomes of the test.
    const agent = `echo one; touch ${begun}; until [ -e ${go} ] || [ ! -d ${lab.root} ]; do sleep 0.05; done; echo two`;
    const id = (await lab.start('submit', agent, '--on', runtime)).stdout.trim();
    const seen = (): Promise<boolean> =>
      readFile(begun).then(
        () => true,
        () => false,
      );
    await expect.poll(seen, { timeout: 30_000 * inject('slowness') }).toBe(true);
    const pid = (await lab.ownerPid()) ?? 0;
    if (owner === 'was killed') await endProcess(pid, 'SIGKILL');
    await using _ = await move(lab);
    await writeFile(go, '');
    await lab.start('serve', '--detach');
    const waited = await lab.start('wait', id);
    expect(waited).toMatchObject({ exitCode: 0 });
    expect((await lab.start('status', id, '--json')).stdout).toContain('"succeeded"');
    const { stdout } = await lab.start('events', id, '--type', 'output.delta', '--json');
    const text = stdout
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { text: string }).text)
      .join('');
    expect(text).toBe('one\ntwo\n');
  });
});
