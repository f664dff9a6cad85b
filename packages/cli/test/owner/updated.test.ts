import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { connectControlPlane } from '@runtime/control-plane/client';
import { expect, inject, it } from 'vitest';

it.each([
  ['local', { command: ['sh', '-c', 'echo kept > report.md'] }],
  ['tmux', { command: ['sh', '-c', 'echo kept > report.md # {prompt}'] }],
])(
  'an owner whose program was replaced under it still starts a task on %s, and keeps its files',
  async (adapter, options) => {
    const root = await mkdtemp(join(tmpdir(), 'clio-'));
    const program = join(root, 'program');
    const dataDir = join(root, 'd');
    await cp(inject('cliPrograms'), program, { recursive: true });
    const env = { PATH: process.env['PATH'], HOME: root, XDG_RUNTIME_DIR: root, RUNTIME_DATA_DIR: dataDir };
    const owner = spawn(process.execPath, [join(program, 'main.cjs'), 'serve'], {
      cwd: root,
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      const [serving] = await once(createInterface(owner.stdout), 'line');
      expect(serving).toMatch(/^serving /);
      await rm(program, { recursive: true });
      const plane = await connectControlPlane({ dataDir });
      const task = await plane.submit({
        prompt: 'hello',
        workspace: root,
        deliverables: [{ glob: 'report.md' }],
        runtimes: ['late'],
        definitions: { late: { adapter, options } },
        environment: { PATH: process.env['PATH'] ?? '', HOME: root },
      });
      expect(await task.outcome()).toEqual({ status: 'succeeded' });
      await plane.close();
    } finally {
      owner.kill();
      if (owner.exitCode === null && owner.signalCode === null) await once(owner, 'exit');
      await rm(root, { recursive: true, force: true });
    }
  },
);
