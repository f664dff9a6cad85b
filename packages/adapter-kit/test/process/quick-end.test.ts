import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import type * as proc from '../../src/process/proc.ts';
import { inspectRun, reapRun, stopRun, waitForExit } from '../../src/run/index.ts';
import { eventually, testRun } from '../support/run.ts';

/** Pids that were looked at, each time. */
const looks: number[] = [];
let lists = 0;

vi.mock('../../src/process/proc.ts', async (original) => {
  const real = await original<typeof proc>();
  return {
    ...real,
    listPids: () => {
      lists += 1;
      return real.listPids();
    },
    readStat: (pid: number) => {
      looks.push(pid);
      return real.readStat(pid);
    },
    readEnviron: (pid: number) => {
      looks.push(pid);
      return real.readEnviron(pid);
    },
  };
});

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
  looks.length = 0;
  lists = 0;
});

const atBystanders = (): number => looks.filter((pid) => pids.has(pid)).length;

it('a run starts, ends by itself and is stopped, reaped and inspected without a look at any older process', async () => {
  await using run = await testRun();
  await run.sh('sh -c "exit 0"; exit 3');
  await waitForExit(run.handle);
  expect(await stopRun(run.handle)).toEqual({ kind: 'exited', code: 3 });
  await reapRun(run.handle);
  expect(await inspectRun(run.handle)).toMatchObject({ state: 'ended' });
  expect(atBystanders()).toBe(0);
});

it('a living agent with hidden children is stopped without a look at any older process', async () => {
  await using run = await testRun();
  await run.sh('setsid sleep 900 & ( sleep 900 & ) ; echo up; wait');
  await eventually(async () => (await run.read('stdout.log')).includes('up'));
  expect(await stopRun(run.handle)).toEqual({ kind: 'signaled', signal: 'SIGTERM' });
  expect(atBystanders()).toBe(0);
});

it('a run that never began is reaped without a look at any process', async () => {
  await using run = await testRun();
  await expect(run.start(['no-such-program-here'])).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await reapRun(run.handle);
  expect({ looks, lists }).toEqual({ looks: [], lists: 0 });
});
