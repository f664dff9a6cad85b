import { readFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findMarked } from '@runtime/adapter-kit/process';
import { piAgent, plainAgent } from '@runtime/conformance/scripted-agent';
import { connectControlPlane } from '@runtime/control-plane';
import { describe, expect, it } from 'vitest';
import { hasEnded, makeDesk, watchTask } from '../src/cli.ts';

const plain = plainAgent([{ print: 'begun\n' }, { waitForFile: 'go-on' }, { print: 'done\n' }]).command;
const runtimes = {
  local: { adapter: 'local', command: plain },
  tmux: { adapter: 'tmux', command: plain },
  pi: {
    adapter: 'pi',
    command: piAgent({ rules: [{ steps: [{ text: 'begun' }, { waitForFile: 'go-on' }, { text: 'done' }] }] }).command,
  },
};

/** What a logout, a cleaner of temporary files or an agent takes away under a running task. */
const takers = [
  ['the runtime directory of the login', false],
  ['every socket, and the owner with kill -9', true],
] as const;

describe.each(Object.keys(runtimes))('a task on %s', (runtime) => {
  it.each(takers)('is reached and goes on without %s', async (_what, alsoTheOwner) => {
    await using desk = await makeDesk(runtimes);
    const login = join(desk.root, 'login');
    await mkdir(login, { mode: 0o700 });
    desk.env['XDG_RUNTIME_DIR'] = login;
    expect(await desk.run(['submit', 'wait', '--on', runtime])).toMatchObject({ code: 0 });
    const before = await watchTask(
      desk.dataDir,
      ({ status, runs }) => status === 'running' && runs[0]?.status === 'active',
    );
    const owner: { pid: number; socketPath: string } = JSON.parse(
      await readFile(join(desk.dataDir, 'owner.json'), 'utf8'),
    );
    const runId = before.runs[0]?.runId ?? '';
    await rm(login, { recursive: true });
    if (alsoTheOwner) {
      process.kill(owner.pid, 'SIGKILL');
      for (const socket of [owner.socketPath, join(desk.dataDir, 'runs', runId, 'tmux.sock')])
        await rm(socket, { force: true });
    }
    // Another shell, after the next login.
    desk.env['XDG_RUNTIME_DIR'] = join(desk.root, 'later');
    expect(
      await desk.run(['submit', 'second', '--on', runtime, '--share-workspace', '--title', 'second']),
    ).toMatchObject({ code: 0, stderr: '' });
    expect(await desk.run(['cancel', 'last', '--wait'])).toMatchObject({ code: 0 });
    if (!alsoTheOwner) {
      await using plane = await connectControlPlane({ dataDir: desk.dataDir });
      expect((await plane.info()).pid).toBe(owner.pid);
    }
    await writeFile(join(desk.workspace, 'go-on'), '');
    const ended = await watchTask(desk.dataDir, (view) => view.id === before.id && hasEnded(view), before.title);
    expect(ended.outcome).toEqual({ status: 'succeeded' });
    expect(ended.runs).toHaveLength(1);
    expect(await findMarked(runId)).toEqual([]);
  });
});
