import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { bootId, findMarked, isAlive, killTree, readIdentity, type ProcessIdentity } from '../../src/process/index.ts';
import { inspectRun, readHolderRecord, reapRun, runPaths, stopRun } from '../../src/run/index.ts';
import { codeOf, eventually, testRun, type TestRun } from '../support/run.ts';

async function identity(pid: number | undefined): Promise<ProcessIdentity> {
  const found = await readIdentity(pid ?? 0);
  if (!found) throw new Error('no such process');
  return found;
}

async function forgeRecord(run: TestRun, holder: ProcessIdentity, agent: ProcessIdentity): Promise<void> {
  const { claim, holder: file } = runPaths(run.dir);
  await mkdir(claim);
  const record = { version: 1, runId: run.handle.runId, holder, agent: { ...agent, pgid: agent.pid } };
  await writeFile(file, JSON.stringify(record));
}

/** Children in every hiding place: a plain one, one in its own session, a double-forked one, and all of them deaf. */
const hidden = `
trap '' TERM HUP INT
setsid sh -c 'trap "" TERM; echo $$ >a; while :; do sleep 0.2; done' &
( setsid sh -c '(sh -c "echo \\$\\$ >b; while :; do sleep 0.2; done" &) ' & ) 
sh -c 'echo $$ >c; exec sleep 1000' &
while :; do sleep 0.1; done
`;

describe('stopping a run', () => {
  it('ends deaf, setsid and double-forked children, and the holder tells the exit', async () => {
    await using run = await testRun();
    await run.sh(hidden);
    const children = await eventually(async () => {
      const pids = await Promise.all(['a', 'b', 'c'].map((file) => run.read(file).catch(() => '')));
      return pids.every((pid) => pid !== '') && pids.map(Number);
    });
    const identities = await Promise.all(children.map(identity));
    const exit = await stopRun(run.handle, { graceMs: 200 });
    expect(exit).toEqual({ kind: 'signaled', signal: 'SIGKILL' });
    expect(await Promise.all(identities.map(isAlive))).toEqual([false, false, false]);
    expect(await findMarked(run.handle.runId)).toEqual([]);
    expect(await stopRun(run.handle)).toEqual(exit);
  });

  it('never ends what the holder runs to record the exit', async () => {
    // The moment is short: several at once, each looked for as soon as the agent is killed.
    const exits = await Promise.all(
      Array.from({ length: 8 }, async () => {
        await using run = await testRun();
        await run.sh('trap "" TERM; setsid sleep 1000 & echo up; while :; do sleep 0.05; done');
        // Deaf before it is asked: else TERM ends it, which is right and not what is looked for.
        await eventually(async () => (await run.read('stdout.log')).includes('up'));
        const exit = await stopRun(run.handle, { graceMs: 20 });
        // What the holder says tells one that was killed from one that could not write.
        return exit.kind === 'unknown' ? { ...exit, log: await run.read('holder.log') } : exit;
      }),
    );
    expect(exits).toEqual(Array.from({ length: 8 }, () => ({ kind: 'signaled', signal: 'SIGKILL' })));
  });

  it('lets an agent that hears TERM end by itself, and does not wait for the rest of its grace', async () => {
    await using run = await testRun();
    await run.sh('trap "echo bye; exit 4" TERM; echo up; while :; do sleep 0.02; done');
    await eventually(async () => (await run.read('stdout.log')).includes('up'));
    expect(await stopRun(run.handle, { graceMs: 1_000_000 })).toEqual({ kind: 'exited', code: 4 });
    expect(await run.read('stdout.log')).toBe('up\nbye\n');
  });

  it('ends a stopped agent, and one that forks all the time', async () => {
    await using stopped = await testRun();
    await stopped.sh('kill -STOP $$');
    expect(await stopRun(stopped.handle, { graceMs: 2000 })).toEqual({ kind: 'signaled', signal: 'SIGTERM' });
    await using forking = await testRun();
    // Each generation starts the next in a session of its own and ends: there is never a group to kill.
    await forking.sh('trap "" TERM; cat >gen <<"E"\ntrap "" TERM; setsid sh gen & sleep 0.02\nE\nsetsid sh gen & wait');
    await stopRun(forking.handle, { graceMs: 100 });
    expect(await findMarked(forking.handle.runId)).toEqual([]);
  });

  it('ends children that an ended agent left behind, without touching the exit', async () => {
    await using run = await testRun();
    await run.sh('setsid sleep 1000 & exit 3');
    await eventually(async () => (await inspectRun(run.handle)).state === 'ended');
    await eventually(async () => (await findMarked(run.handle.runId)).length === 1);
    await reapRun(run.handle);
    expect(await findMarked(run.handle.runId)).toEqual([]);
    expect(await inspectRun(run.handle)).toMatchObject({ state: 'ended', exit: { code: 3 } });
  });

  it('ends the orphans of a killed holder', async () => {
    await using run = await testRun();
    const record = await run.sh('setsid sleep 1000 & wait');
    await eventually(async () => (await findMarked(run.handle.runId)).length >= 3);
    process.kill(record.holder.pid, 'SIGKILL');
    await reapRun(run.handle);
    expect(await findMarked(run.handle.runId)).toEqual([]);
    expect(await inspectRun(run.handle)).toMatchObject({ state: 'dead' });
    await reapRun(run.handle);
  });

  it('reaps a run that never began, and shuts it for good', async () => {
    await using run = await testRun();
    await reapRun(run.handle);
    expect(await codeOf(run.sh('echo late'))).toBe('CONFLICT');
    expect(await inspectRun(run.handle)).toEqual({ state: 'absent' });
  });

  it('goes on ending when the caller stops waiting', async () => {
    await using run = await testRun();
    const record = await run.sh('trap "" TERM; echo up; while :; do sleep 0.05; done');
    await eventually(async () => (await run.read('stdout.log')).includes('up'));
    const signal = AbortSignal.timeout(50);
    expect(await codeOf(stopRun(run.handle, { graceMs: 200, signal }))).toBe('DEADLINE_EXCEEDED');
    await eventually(async () => !(await isAlive(record.agent)));
  });
});

describe('identity', () => {
  it('never signals a process that has the pid and not the start time', async () => {
    const stranger = spawn('sleep', ['60'], { detached: true });
    try {
      const real = await identity(stranger.pid);
      const forged = { ...real, startTime: `${Number(real.startTime) - 1}` };
      await using run = await testRun();
      await forgeRecord(run, forged, forged);
      expect(await inspectRun(run.handle)).toMatchObject({ state: 'dead' });
      expect(await stopRun(run.handle, { graceMs: 50 })).toMatchObject({ kind: 'unknown' });
      await killTree({ runId: run.handle.runId, pgid: real.pid, identities: [forged], graceMs: 0 });
      expect(await isAlive(real)).toBe(true);
    } finally {
      stranger.kill('SIGKILL');
    }
  });

  it('takes everything of another boot for dead', async () => {
    await using run = await testRun();
    const self = await identity(process.pid);
    await forgeRecord(run, { ...self, bootId: 'another-boot' }, { ...self, bootId: 'another-boot' });
    expect(await inspectRun(run.handle)).toMatchObject({ state: 'dead' });
    await reapRun(run.handle);
    expect(self.bootId).toBe(await bootId());
  });

  it('takes a zombie for dead', async () => {
    // The middle one never waits for its child.
    const parent = spawn('sh', ['-c', 'sh -c "echo \\$\\$; exit 0" & exec sleep 60'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    try {
      const [chunk] = await once(parent.stdout, 'data');
      const pid = Number(String(chunk));
      await eventually(async () => /\) Z /.test(await readFile(`/proc/${pid}/stat`, 'utf8')));
      expect(process.kill(pid, 0)).toBe(true);
      expect(await readIdentity(pid)).toBeUndefined();
    } finally {
      parent.kill('SIGKILL');
    }
  });

  it('takes nobody for dead when no file can be opened', async () => {
    const script = fileURLToPath(new URL('../support/out-of-descriptors.ts', import.meta.url));
    const command = 'ulimit -n 64; "$0" --conditions=@runtime/source "$1"; exit';
    const { stdout } = await promisify(execFile)('bash', ['-c', command, process.execPath, script]);
    expect(JSON.parse(stdout)).toEqual(['UNAVAILABLE', 'UNAVAILABLE', 'UNAVAILABLE']);
  });

  it('finds marked processes by the exact run id, and leaves a nested run alone', async () => {
    await using run = await testRun();
    const id = run.handle.runId;
    await run.sh(
      `RUNTIME_RUN_ID=${id}0 setsid sleep 60 & echo $! >nested; OTHER=RUNTIME_RUN_ID=${id} env -u RUNTIME_RUN_ID setsid sleep 60 & echo $! >owner; wait`,
      { cgroup: false },
    );
    const nested = await eventually(async () => {
      const found = await findMarked(`${id}0`);
      return found[0];
    });
    const owner = await eventually(async () => readIdentity(Number(await run.read('owner').catch(() => '0'))));
    await eventually(async () => (await readFile(`/proc/${owner.pid}/comm`, 'utf8')) === 'sleep\n');
    try {
      await stopRun(run.handle, { graceMs: 100 });
      expect(await isAlive(nested)).toBe(true);
      expect(await isAlive(owner)).toBe(true);
    } finally {
      process.kill(nested.pid, 'SIGKILL');
      process.kill(owner.pid, 'SIGKILL');
    }
  });

  it('never ends the process that asks, marked or not', async () => {
    const self = await identity(process.pid);
    await killTree({ runId: 'nobody-has-this', identities: [self], graceMs: 0 });
    expect(await isAlive(self)).toBe(true);
  });
});

describe('looking at a run', () => {
  it('waits for a holder that has the claim and no record yet', async () => {
    await using run = await testRun();
    const starting = run.sh('sleep 60');
    await eventually(async () =>
      (await readFile(runPaths(run.dir).claim).catch((error: Error) => error.message)).includes('EISDIR'),
    );
    expect((await inspectRun(run.handle)).state).toBe('live');
    expect(await readHolderRecord(run.dir)).toEqual(await starting);
  });

  it('says dead for a claim whose maker is gone, and unknowable while somebody marked lives', async () => {
    await using run = await testRun();
    await mkdir(runPaths(run.dir).claim);
    expect(await inspectRun(run.handle)).toEqual({ state: 'dead' });
    const late = spawn('sleep', ['60'], { env: { ...process.env, RUNTIME_RUN_ID: run.handle.runId } });
    await once(late, 'spawn');
    expect(await inspectRun(run.handle, { waitMs: 100 })).toMatchObject({ state: 'unknowable' });
    await reapRun(run.handle);
    expect(late.signalCode ?? (await once(late, 'exit'))[1]).toMatch(/SIG(TERM|KILL)/);
  });

  it('does not guess without a directory, and proves nothing by a damaged record', async () => {
    await using run = await testRun();
    const nowhere = { runId: run.handle.runId, runDir: path.join(run.dir, 'gone') };
    expect(await inspectRun(nowhere)).toMatchObject({ state: 'unknowable' });
    await mkdir(runPaths(run.dir).claim);
    await writeFile(runPaths(run.dir).exit, '{"version":1,"began":tr');
    expect(await inspectRun(run.handle)).toEqual({ state: 'dead' });
  });
});
