import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { findCallingRun } from '../../src/process/index.ts';
import { runOfCgroup } from '../../src/process/cgroup.ts';

/** Runs a script that writes the pid of the process to look at, and then waits. */
async function withTree(script: string, look: (pid: number) => Promise<void>, uid?: number): Promise<void> {
  const tree = spawn('sh', ['-c', script], {
    detached: true,
    env: { PATH: process.env['PATH'] },
    stdio: ['ignore', 'pipe', 'ignore'],
    ...(uid === undefined ? {} : { uid }),
  });
  try {
    const [chunk] = await once(tree.stdout, 'data');
    await look(Number(String(chunk)));
  } finally {
    if (tree.pid !== undefined) process.kill(-tree.pid, 'SIGKILL');
  }
}

/** Writes its pid, has no marker, and stays. */
const bare = `env -i PATH="$PATH" sh -c 'echo $$; exec sleep 1000'`;
/** A shell that stays while its command runs. */
const shell = (command: string): string => `sh -c '${command.replaceAll("'", String.raw`'\''`)}; :'`;
const runs = (runId: string, command: string): string => `RUNTIME_RUN_ID=${runId} ${shell(command)}`;

describe.skipIf(process.platform !== 'linux')('the run that a process was called from', () => {
  it('is found from its ancestors when its environment was cleared', () =>
    withTree(runs('run-a', bare), async (pid) => expect(await findCallingRun(pid)).toBe('run-a')));

  it('is found behind others that were cleared, or have what is no name of a run', () => {
    const cleared = `env -i PATH="$PATH" ${shell(runs('../etc', bare))}`;
    return withTree(runs('run-a', cleared), async (pid) => expect(await findCallingRun(pid)).toBe('run-a'));
  });

  it('is the nearest one', () =>
    withTree(runs('run-a', runs('run-b', bare)), async (pid) => expect(await findCallingRun(pid)).toBe('run-b')));

  it('is none for a process of no run, or that is gone', async () => {
    await withTree(`${bare}; :`, async (pid) => {
      // Whoever runs the tests may be an agent.
      expect(await findCallingRun(pid)).toBe(await findCallingRun());
    });
    expect(await findCallingRun(2 ** 22)).toBeUndefined();
  });

  it.runIf(process.getuid?.() === 0)('is not read from a process of another user', () =>
    withTree(
      runs('run-a', bare),
      async (pid) => expect(await findCallingRun(pid)).toBe(await findCallingRun()),
      65_534,
    ),
  );
});

describe('the run of a cgroup', () => {
  it.each([
    ['0::/runtime-run-1\n', 'run-1'],
    ['12:cpu:/\n0::/user.slice/runtime-run-1/of-the-agent\n', 'run-1'],
    ['0::/runtime-run-1/runtime-run-2\n', 'run-2'],
    ['0::/user.slice/session-1.scope\n', undefined],
    ['0::/runtime-\n', undefined],
    ['1:name=systemd:/runtime-run-1\n', undefined],
    ['', undefined],
  ])('%j', (text, runId) => {
    expect(runOfCgroup(text)).toBe(runId);
  });
});
