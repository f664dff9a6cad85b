import { existsSync } from 'node:fs';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  inspectRun,
  isOverLimit,
  openFifoWriter,
  readExitRecord,
  runPaths,
  stopRun,
  waitForExit,
  type HolderLaunch,
} from '../../src/run/index.ts';
import { eventually, testRun, type TestRun } from '../support/run.ts';

const shells = ['dash', 'bash'].filter((shell) => existsSync(`/bin/${shell}`));

/** The holder in a shell that is not the system's `sh`; the agent works elsewhere than in its run directory. */
function holderIn(shell: string): Partial<HolderLaunch> {
  const posix = shell === 'bash' ? ' --posix' : '';
  const wrap = ['/bin/sh', '-c', `shift; exec /bin/${shell}${posix} "$@"`, 'wrap'];
  return { placement: { survivesHost: true, wrap }, cwd: tmpdir() };
}

/** Moves a run's directory, and moves it back when that is disposed. */
async function move({ dir, handle }: TestRun): Promise<{ handle: TestRun['handle'] } & AsyncDisposable> {
  const parent = `${dir}-moved`;
  await mkdir(parent, { mode: 0o700 });
  const runDir = path.join(parent, 'run');
  await rename(dir, runDir);
  return {
    handle: { ...handle, runDir },
    async [Symbol.asyncDispose]() {
      await rename(runDir, dir);
      await rm(parent, { recursive: true });
    },
  };
}

describe('a run whose directory is moved while the agent works', () => {
  it.each(shells)('has its exit and its whole output where it is now: %s', async (shell) => {
    await using run = await testRun();
    await run.sh('echo a; read line; echo "$line"; exit 5', { ...holderIn(shell), stdin: { kind: 'fifo' } });
    await eventually(async () => (await run.read('stdout.log')) === 'a\n');
    await using moved = await move(run);
    expect(await inspectRun(moved.handle)).toMatchObject({ state: 'live' });
    await using writer = await openFifoWriter(runPaths(moved.handle.runDir).input);
    await writer.write('b\n');
    expect(await waitForExit(moved.handle)).toEqual({ kind: 'exited', code: 5 });
    await eventually(() => readExitRecord(moved.handle.runDir));
    expect(await inspectRun(moved.handle)).toMatchObject({ state: 'ended', began: true, exit: { code: 5 } });
    const { stdout, holderLog } = runPaths(moved.handle.runDir);
    expect((await stat(stdout)).size).toBe(4);
    expect((await stat(holderLog)).size, 'the holder has nothing to complain of').toBe(0);
  });

  it.each(shells)('is ended as everywhere by its limit and by a stop: %s', async (shell) => {
    await using run = await testRun();
    const limited = { ...holderIn(shell), stdin: { kind: 'fifo' }, maxOutputBytes: 1_000_000 } as const;
    await run.sh('read line; head -c 20000000 /dev/zero; sleep 600', limited);
    await using moved = await move(run);
    await using writer = await openFifoWriter(runPaths(moved.handle.runDir).input);
    await writer.write('go\n');
    expect(await waitForExit(moved.handle)).toEqual({ kind: 'signaled', signal: 'SIGKILL' });
    expect(await isOverLimit(moved.handle)).toBe(true);

    await using stopped = await testRun();
    await stopped.sh('sleep 600', holderIn(shell));
    await using elsewhere = await move(stopped);
    expect(await stopRun(elsewhere.handle)).toEqual({ kind: 'signaled', signal: 'SIGTERM' });
  });
});

describe('a run whose records the agent removed', () => {
  it.each(shells)('is never said not to have begun: %s', async (shell) => {
    await using run = await testRun();
    const files = `find ${run.dir} -type f -delete`;
    await run.sh(`read line; ${files}; exit 4`, { ...holderIn(shell), stdin: { kind: 'fifo' } });
    await using writer = await openFifoWriter(runPaths(run.dir).input);
    await writer.write('go\n');
    await eventually(() => readExitRecord(run.dir));
    expect(await inspectRun(run.handle)).toMatchObject({ state: 'ended', began: true, exit: { code: 4 } });
  });
});
