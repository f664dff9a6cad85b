import { stat } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { isAlive } from '../../src/process/index.ts';
import { inspectRun, reapRun } from '../../src/run/index.ts';
import { mayHaveCgroups } from '../support/cgroups.ts';
import { codeOf, eventually, testRun, type TestRun } from '../support/run.ts';

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
