import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { cgroupPath } from '../../src/process/cgroup.ts';
import { findMarked, isAlive } from '../../src/process/index.ts';
import { holderScript } from '../../src/run/holder-script.ts';
import { inspectRun, reapRun } from '../../src/run/index.ts';
import { mayHaveCgroups } from '../support/cgroups.ts';
import { codeOf, eventually, settingsOf, testRun, type TestRun } from '../support/run.ts';

const cgroupOf = async (run: TestRun): Promise<string> => (await run.read('cgroup')).trim();
const isThere = (directory: string): Promise<boolean> =>
  stat(directory).then(
    () => true,
    () => false,
  );

describe.runIf(mayHaveCgroups)('the cgroup of a run whose holder was killed', () => {
  it('is removed with the run that it leaves', async () => {
    await using run = await testRun();
    const { holder, agent } = await run.sh('sleep 1000');
    process.kill(holder.pid, 'SIGKILL');
    await eventually(async () => !(await isAlive(agent)));
    expect(await inspectRun(run.handle)).toMatchObject({ state: 'dead' });
    expect(await isThere(await cgroupOf(run))).toBe(true);
    await reapRun(run.handle);
    expect(await isThere(await cgroupOf(run))).toBe(false);
  });

  it('is removed with those that the agent made in it, and the processes there', async () => {
    await using run = await testRun();
    const { holder } = await run.sh(
      'c=$(cat cgroup); mkdir -p "$c/a/b" && (echo 0 >"$c/a/b/cgroup.procs"; exec setsid env -i sleep 1000) & sleep 1000',
    );
    await eventually(async () => isThere(`${await cgroupOf(run)}/a/b`));
    process.kill(holder.pid, 'SIGKILL');
    await reapRun(run.handle, { graceMs: 0 });
    expect(await isThere(await cgroupOf(run))).toBe(false);
  });

  it('is removed when it never came to a record', async () => {
    await using run = await testRun();
    const starting = codeOf(run.sh('sleep 1000', { timeoutMs: 1 }));
    expect(['OUTCOME_UNKNOWN', 'UNAVAILABLE', undefined]).toContain(await starting);
    await reapRun(run.handle, { graceMs: 0 });
    const cgroup = await cgroupOf(run).catch(() => '');
    expect(cgroup !== '' && (await isThere(cgroup))).toBe(false);
  });
});

describe.runIf(process.platform === 'linux')('a cgroup that the agent could not join', () => {
  it('says nothing of what is left: a flood after the agent is ended all the same', async () => {
    await using run = await testRun();
    const mount = path.join(run.dir, 'mount');
    const cgroup = (await cgroupPath(mount, run.handle.runId)) ?? '';
    await mkdir(path.join(cgroup, 'cgroup.procs'), { recursive: true });
    await writeFile(path.join(cgroup, 'cgroup.events'), 'populated 0\nfrozen 0\n');
    const flood = `sh -c 'echo $$ >flood; until [ -e go ]; do sleep 0.1; done; exec yes'`;
    const agent = ['/bin/sh', '-c', `setsid ${flood} & until [ -s flood ]; do sleep 0.05; done; exit 3`];
    const args = ['-c', holderScript, 'h', ...(await settingsOf(run, { mount, maxOutputBytes: 1_000_000 })), ...agent];
    const env = { PATH: process.env['PATH'] ?? '', RUNTIME_RUN_ID: run.handle.runId };
    const holder = spawn('/bin/sh', args, { detached: true, stdio: 'ignore', cwd: run.dir, env });
    await once(holder, 'exit');
    expect(await run.read('cgroup')).toBe('');
    await writeFile(path.join(run.dir, 'go'), '');
    await eventually(async () => (await findMarked(run.handle.runId)).length === 0);
  });
});
