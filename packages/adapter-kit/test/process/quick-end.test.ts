import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { findMarked, isAlive } from '../../src/process/index.ts';
import type * as identity from '../../src/process/identity.ts';
import type * as proc from '../../src/process/proc.ts';
import type * as starts from '../../src/process/starts.ts';
import { inspectRun, reapRun, stopRun, waitForExit, type HolderLaunch } from '../../src/run/index.ts';
import { mayHaveCgroups } from '../support/cgroups.ts';
import { eventually, testRun, type TestRun } from '../support/run.ts';

// Files share a process and its modules: this one has modules of its own, with the double in them.
vi.hoisted(() => vi.resetModules());
afterAll(() => void vi.resetModules());

/** Pids whose state and whose environment were read, each time. */
const stats: number[] = [];
const environments: number[] = [];
const signals: NodeJS.Signals[] = [];
let lists = 0;
/** The processes of a machine on which nothing else begins and nothing ends, while it is set. */
let still: readonly number[] | undefined;
/** Something begins between any two looks, while it is set. */
let isBusy = false;
let forks = 0;
/** A process ends between the list and the look at it, while it is set. */
let vanished = false;

vi.mock('../../src/process/starts.ts', async (original) => {
  const real = await original<typeof starts>();
  return { ...real, readForks: () => (still ? Promise.resolve(isBusy ? (forks += 1) : 1) : real.readForks()) };
});

vi.mock('../../src/process/identity.ts', async (original) => {
  const real = await original<typeof identity>();
  return {
    ...real,
    signalProcess: (process: identity.ProcessIdentity, signal: NodeJS.Signals) => {
      signals.push(signal);
      return real.signalProcess(process, signal);
    },
  };
});

vi.mock('../../src/process/proc.ts', async (original) => {
  const real = await original<typeof proc>();
  return {
    ...real,
    listPids: () => {
      lists += 1;
      if (!still) return real.listPids();
      return Promise.resolve([...still.filter((pid) => existsSync(`/proc/${pid}`)), ...(vanished ? [noPid] : [])]);
    },
    readStat: (pid: number) => {
      stats.push(pid);
      return real.readStat(pid);
    },
    readEnviron: (pid: number) => {
      environments.push(pid);
      return real.readEnviron(pid);
    },
  };
});

/** Above what the system gives out. */
const noPid = 2 ** 30;
const count = 200;
let bystanders: ChildProcess;
const pids = new Set<number>();

beforeAll(async () => {
  const script = `i=0; while [ $i -lt ${count} ]; do sleep 900 & echo $!; i=$((i+1)); done; echo all; wait`;
  bystanders = spawn('sh', ['-c', script], { detached: true, stdio: ['ignore', 'pipe', 'ignore'] });
  let text = '';
  bystanders.stdout?.on('data', (chunk) => (text += String(chunk)));
  await eventually(() => text.includes('all'));
  for (const line of text.split('\n')) if (/^\d+$/.test(line)) pids.add(Number(line));
  expect(pids.size).toBe(count);
});

afterAll(async () => {
  process.kill(-(bystanders.pid ?? 0), 'SIGKILL');
  await once(bystanders, 'exit');
});

beforeEach(() => {
  still = undefined;
  isBusy = false;
  vanished = false;
  stats.length = 0;
  environments.length = 0;
  signals.length = 0;
  lists = 0;
});

const readOfBystanders = () => ({
  stats: stats.filter((pid) => pids.has(pid)).length,
  environments: environments.filter((pid) => pids.has(pid)).length,
});

it('the first run of an owner is ended, reaped and inspected with one read of each older process', async () => {
  await using run = await testRun();
  await run.sh('sh -c "exit 0"; exit 3');
  await waitForExit(run.handle);
  expect(await stopRun(run.handle)).toEqual({ kind: 'exited', code: 3 });
  await reapRun(run.handle);
  expect(await inspectRun(run.handle)).toMatchObject({ state: 'ended' });
  expect(readOfBystanders()).toEqual({ stats: count, environments: 0 });
});

it('a later one, a living agent with hidden children, is stopped without a read of any older process', async () => {
  await using run = await testRun();
  await run.sh('setsid sleep 900 & ( sleep 900 & ) ; echo up; wait');
  await eventually(async () => (await run.read('stdout.log')).includes('up'));
  expect(await stopRun(run.handle)).toEqual({ kind: 'signaled', signal: 'SIGTERM' });
  expect(readOfBystanders()).toEqual({ stats: 0, environments: 0 });
});

/** An agent that has ended, on a machine with nothing but these processes besides. */
async function endedRun(run: TestRun, script: string, options: Partial<HolderLaunch> = {}): Promise<void> {
  const { holder } = await run.sh(script, options);
  await eventually(async () => !(await isAlive(holder)));
  const own = (await run.read('child').catch(() => '')).split('\n').filter((line) => line !== '');
  still = [...pids, process.pid, ...own.map(Number)];
}

describe('where nothing else happens', () => {
  it('an ended run is stopped with one list of all processes, and reaped without another', async () => {
    await using run = await testRun();
    await endedRun(run, 'exit 3');
    expect(await stopRun(run.handle)).toEqual({ kind: 'exited', code: 3 });
    expect(lists).toBe(1);
    await reapRun(run.handle);
    expect(await stopRun(run.handle)).toEqual({ kind: 'exited', code: 3 });
    expect(lists).toBe(1);
    still = undefined;
  });

  it.each([0, 1000])('what an ended agent left is ended with the list that finds it (grace %d)', async (graceMs) => {
    await using run = await testRun();
    await endedRun(run, 'setsid sleep 900 & echo $! >child; exit 3');
    expect(await stopRun(run.handle, { graceMs })).toEqual({ kind: 'exited', code: 3 });
    expect(lists).toBe(1);
    still = undefined;
    expect(await findMarked(run.handle.runId)).toEqual([]);
  });

  it('what is killed is not stopped before, which whoever waits for it could take for its end', async () => {
    await using run = await testRun();
    await endedRun(run, 'setsid sleep 900 & echo $! >child; exit 3');
    await stopRun(run.handle, { graceMs: 0 });
    expect(signals).toEqual(['SIGKILL']);
    still = undefined;
  });

  it('what has just died is no reason for another list', async () => {
    await using run = await testRun();
    await endedRun(run, 'exit 3');
    // Its parent never waits for it.
    const parent = spawn('sh', ['-c', 'sh -c "echo \\$\\$" & exec sleep 900'], { stdio: ['ignore', 'pipe', 'ignore'] });
    try {
      const [chunk] = await once(parent.stdout, 'data');
      const dead = Number(String(chunk));
      await eventually(async () => /\) Z /.test(await readFile(`/proc/${dead}/stat`, 'utf8')));
      still = [...(still ?? []), dead];
      await stopRun(run.handle);
      expect(lists).toBe(1);
    } finally {
      parent.kill('SIGKILL');
    }
    still = undefined;
  });

  it('a living agent is stopped with one list, and reaped without another', async () => {
    await using run = await testRun();
    const { holder, agent } = await run.sh('echo up; exec sleep 900');
    await eventually(async () => (await run.read('stdout.log')).includes('up'));
    still = [...pids, process.pid, holder.pid, agent.pid];
    expect(await stopRun(run.handle)).toEqual({ kind: 'signaled', signal: 'SIGTERM' });
    await reapRun(run.handle);
    expect(lists).toBe(1);
    still = undefined;
  });

  it('a second stop names what the first one did', async () => {
    await using run = await testRun();
    await endedRun(run, 'env -i setsid sleep 900 & echo $! >child; exit 3', { cgroup: false });
    const [stray = 0] = still?.slice(-1) ?? [];
    await eventually(async () => (await readFile(`/proc/${stray}/comm`, 'utf8')) === 'sleep\n');
    try {
      const exit = await stopRun(run.handle);
      expect(exit.leaked).toEqual([{ pid: stray, command: 'sleep' }]);
      const before = lists;
      expect(await stopRun(run.handle)).toEqual(exit);
      expect(lists).toBe(before);
    } finally {
      process.kill(stray, 'SIGKILL');
    }
    still = undefined;
  });
});

describe('where something begins all the time', () => {
  it('an ended run without a cgroup is looked for at its reap once more, since a process may have been missed', async () => {
    await using run = await testRun();
    await endedRun(run, 'exit 3', { cgroup: false });
    isBusy = true;
    await stopRun(run.handle);
    expect(lists).toBe(2);
    await reapRun(run.handle);
    expect(lists).toBe(4);
    still = undefined;
  });

  it.runIf(mayHaveCgroups)('what ends meanwhile is no reason for more lists where the cgroup is empty', async () => {
    await using run = await testRun();
    await endedRun(run, 'exit 3');
    isBusy = true;
    vanished = true;
    await stopRun(run.handle);
    expect(lists).toBe(2);
    still = undefined;
  });

  it.runIf(mayHaveCgroups)('one whose cgroup is empty is not', async () => {
    await using run = await testRun();
    await endedRun(run, 'exit 3');
    isBusy = true;
    await stopRun(run.handle);
    expect(lists).toBe(2);
    await reapRun(run.handle);
    expect(lists).toBe(2);
    still = undefined;
  });
});

it('a run that never began is reaped without a look at any process', async () => {
  await using run = await testRun();
  await expect(run.start(['no-such-program-here'])).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await reapRun(run.handle);
  expect({ stats, environments, lists }).toEqual({ stats: [], environments: [], lists: 0 });
});
