import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { findMarked } from '../../src/process/index.ts';
import { isOverLimit, runEnded, runPaths, stopRun, waitForExit } from '../../src/run/index.ts';
import { eventually, testRun, type TestRun } from '../support/run.ts';

const maxOutputBytes = 1_000_000;
/** The unit of the limit on a file's size. */
const unit = 512;

async function sizes(run: TestRun): Promise<number[]> {
  const { stdout, stderr } = runPaths(run.dir);
  return Promise.all([stdout, stderr].map(async (file) => (await stat(file)).size));
}

describe('an agent that floods', () => {
  it.each(['yes', 'yes >&2', 'cat /dev/zero', 'yes & yes >&2'])('writes no more than its limit: %s', async (flood) => {
    await using run = await testRun();
    await run.sh(flood, { maxOutputBytes });
    await eventually(() => isOverLimit(run.handle));
    const exit = await stopRun(run.handle, { graceMs: 1000 });
    expect(['signaled', 'exited']).toContain(exit.kind);
    for (const size of await sizes(run)) expect(size).toBeLessThanOrEqual(maxOutputBytes + unit);
  });

  it('ends by a broken pipe, and the events with it, though no owner lives', async () => {
    await using run = await testRun();
    const host = spawn(
      process.execPath,
      [
        '--conditions=@runtime/source',
        fileURLToPath(new URL('../support/start-and-wait.ts', import.meta.url)),
        JSON.stringify(run.handle),
      ],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
        env: { ...process.env, AGENT: 'sleep 0.3; yes', LIMIT: String(maxOutputBytes) },
      },
    );
    await once(host.stdout, 'data');
    host.kill('SIGKILL');
    await once(host, 'exit');
    expect(await waitForExit(run.handle)).toMatchObject({ kind: expect.stringMatching(/signaled|exited/) });
    expect(await runEnded(run.handle)()).toBe(true);
    const [out = 0] = await sizes(run);
    expect(out).toBeGreaterThan(maxOutputBytes);
    expect(out).toBeLessThanOrEqual(maxOutputBytes + unit);
  });

  it('ends the events when it goes on in silence', async () => {
    await using run = await testRun();
    await run.sh('trap "" PIPE; yes 2>/dev/null; sleep 1000', { maxOutputBytes });
    await eventually(() => runEnded(run.handle)());
    expect(await isOverLimit(run.handle)).toBe(true);
  });
});

describe('a limit that is not reached', () => {
  it('loses nothing, not the last byte either, and limits no other file of the agent', async () => {
    await using run = await testRun();
    await run.sh('head -c 999990 /dev/zero; printf end >&2; head -c 3000000 /dev/zero >big; printf done; exit 5', {
      maxOutputBytes,
    });
    expect(await waitForExit(run.handle)).toEqual({ kind: 'exited', code: 5 });
    expect(await sizes(run)).toEqual([999_994, 3]);
    expect((await run.read('stdout.log')).endsWith('done')).toBe(true);
    expect((await stat(`${run.dir}/big`)).size).toBe(3_000_000);
    expect(await isOverLimit(run.handle)).toBe(false);
  });

  it('passes each piece on at once', async () => {
    await using run = await testRun();
    await run.sh('echo first; sleep 1000', { maxOutputBytes });
    await eventually(async () => (await run.read('stdout.log')) === 'first\n');
  });

  it('does not wait for what is left in the background, and has everything before it', async () => {
    await using run = await testRun();
    await run.sh('sleep 1000 & head -c 500000 /dev/zero; echo last; exit 0', { maxOutputBytes });
    expect(await waitForExit(run.handle)).toEqual({ kind: 'exited', code: 0 });
    expect((await run.read('stdout.log')).endsWith('last\n')).toBe(true);
    await stopRun(run.handle);
    expect(await findMarked(run.handle.runId)).toEqual([]);
  });

  it.each(['exit 7', 'kill -TERM $$', 'kill -KILL $$'])('leaves the exit as it is: %s', async (script) => {
    await using run = await testRun();
    await run.sh(script, { maxOutputBytes });
    const exit = await waitForExit(run.handle);
    const signal = /-(\w+) /.exec(script)?.[1];
    expect(exit).toEqual(signal ? { kind: 'signaled', signal: `SIG${signal}` } : { kind: 'exited', code: 7 });
  });

  it('gives the agent no stray descriptor', async () => {
    await using run = await testRun();
    await run.sh('for fd in 3 4 5 6 7 8 9 10; do [ -e /proc/$$/fd/$fd ] && echo open $fd; done; echo ok', {
      maxOutputBytes,
    });
    await waitForExit(run.handle);
    expect(await run.read('stdout.log')).toBe('ok\n');
  });
});
