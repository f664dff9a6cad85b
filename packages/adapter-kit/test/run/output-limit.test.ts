import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readlink, stat, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { findMarked, readIdentity } from '../../src/process/index.ts';
import { holderScript } from '../../src/run/holder-script.ts';
import { holderTools } from '../../src/run/holder-tools.ts';
import { isOverLimit, runEnded, runPaths, stopRun, waitForExit } from '../../src/run/index.ts';
import { mayHaveCgroups } from '../support/cgroups.ts';
import { eventually, settingsOf, testRun, type TestRun } from '../support/run.ts';

const maxOutputBytes = 1_000_000;
/** What a flood may write until it is seen: a bound for the slowest machine, far from a disk that fills up. */
const seen = 20_000_000_000;

/** In which directory each process stands: what is the holder's stands in that of the run. */
async function directories(): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  return Promise.all(pids.map((pid) => readlink(`/proc/${pid}/cwd`).catch(() => '')));
}

async function sizes(run: TestRun): Promise<number[]> {
  const { stdout, stderr } = runPaths(run.dir);
  return Promise.all([stdout, stderr].map(async (file) => (await stat(file)).size));
}

describe('an agent that floods', () => {
  it.each(['yes', 'yes >&2', 'cat /dev/zero', 'yes & yes >&2', 'trap "" TERM PIPE; yes'])(
    'is ended: %s',
    async (flood) => {
      await using run = await testRun();
      await run.sh(flood, { maxOutputBytes });
      expect(await waitForExit(run.handle)).toEqual({ kind: 'signaled', signal: 'SIGKILL' });
      expect(await isOverLimit(run.handle)).toBe(true);
      for (const size of await sizes(run)) expect(size).toBeLessThan(seen);
    },
  );

  it('is ended for one byte too many, though it writes no more', async () => {
    await using run = await testRun();
    await run.sh(`head -c ${maxOutputBytes + 1} /dev/zero; sleep 1000`, { maxOutputBytes });
    expect(await waitForExit(run.handle)).toEqual({ kind: 'signaled', signal: 'SIGKILL' });
  });

  it('is ended for one byte too many by a tail that does not notice the end of what counts', async () => {
    await using run = await testRun();
    const tail = `${run.dir}/tail`;
    await writeFile(tail, '#!/bin/sh\ntail "$@" | cat\n', { mode: 0o755 });
    const tools = { ...(await holderTools()), tail };
    const agent = ['/bin/sh', '-c', `head -c ${maxOutputBytes + 1} /dev/zero; sleep 1000`];
    const args = ['-c', holderScript, 'h', ...(await settingsOf(run, { maxOutputBytes, tools })), ...agent];
    const env = { ...process.env, RUNTIME_RUN_ID: run.handle.runId };
    const holder = spawn('/bin/sh', args, { detached: true, stdio: 'ignore', cwd: run.dir, env });
    await once(holder, 'exit');
    expect(await waitForExit(run.handle)).toEqual({ kind: 'signaled', signal: 'SIGKILL' });
  });

  it('is ended, and the events with it, though no owner lives', async () => {
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
    expect(await waitForExit(run.handle)).toEqual({ kind: 'signaled', signal: 'SIGKILL' });
    expect(await runEnded(run.handle)()).toBe(true);
    const [out = 0] = await sizes(run);
    expect(out).toBeGreaterThan(maxOutputBytes);
    expect(out).toBeLessThan(seen);
  });
});

/** Its pid is in a file before it floods. */
const flood = (prefix: string): string =>
  `${prefix} sh -c 'echo $$ >flood; until [ -e go ]; do sleep 0.1; done; exec yes'`;
const hidings: readonly (readonly [name: string, cgroup: boolean, hidden: string])[] = [
  ['in a session of its own', false, flood('setsid')],
  ['in a job of its own, without the marker', false, `set -m; ${flood('env -i PATH="$PATH"')}`],
  ...(mayHaveCgroups
    ? [['in a cgroup, without session or marker', true, flood('env -i PATH="$PATH" setsid')] as const]
    : []),
];

describe('a flood by what an agent started, though no owner lives', () => {
  const living = async (run: TestRun) => readIdentity(Number(await run.read('flood').catch(() => '0')));
  const env = { PATH: process.env['PATH'] ?? '' };

  it.each(hidings)('is ended with the agent: %s', async (_, cgroup, hidden) => {
    await using run = await testRun();
    await run.start(['bash', '-c', `${hidden} & wait`], { maxOutputBytes, env, cgroup });
    await eventually(() => living(run));
    await writeFile(`${run.dir}/go`, '');
    expect(await waitForExit(run.handle)).toEqual({ kind: 'signaled', signal: 'SIGKILL' });
    await eventually(async () => !(await living(run)));
  });

  it.each(hidings.filter(([, , hidden]) => hidden.includes('setsid')))(
    'is ended after the agent: %s',
    async (_, cgroup, hidden) => {
      await using run = await testRun();
      await run.sh(`${hidden} & until [ -s flood ]; do sleep 0.05; done; exit 3`, { maxOutputBytes, env, cgroup });
      expect(await waitForExit(run.handle)).toEqual({ kind: 'exited', code: 3 });
      expect(await living(run)).toBeDefined();
      await writeFile(`${run.dir}/go`, '');
      await eventually(async () => !(await living(run)));
      for (const size of await sizes(run)) expect(size).toBeLessThan(seen);
    },
  );

  it.each(['dash', 'bash'])('is ended after an agent that was gone at once, where sh is %s', async (shell) => {
    await using run = await testRun();
    const { dir, handle } = run;
    const hasBegun = '[ -e holder.json ] && ! kill -0 "$agent" 2>/dev/null';
    const slow = holderScript.replace(
      '\n__runtime_watch=\n',
      `\nuntil ${hasBegun}; do sleep 0.05; done\n__runtime_watch=\n`,
    );
    expect(slow).not.toBe(holderScript);
    const agent = ['/bin/sh', '-c', `${flood('setsid')} & exit 3`];
    const posix = shell === 'bash' ? ['--posix'] : [];
    const args = [...posix, '-c', slow, 'h', ...(await settingsOf(run, { maxOutputBytes })), ...agent];
    const holder = spawn(`/bin/${shell}`, args, {
      detached: true,
      stdio: 'ignore',
      cwd: dir,
      env: { ...env, RUNTIME_RUN_ID: handle.runId },
    });
    await once(holder, 'exit');
    await eventually(() => living(run));
    await writeFile(`${dir}/go`, '');
    await eventually(async () => !(await living(run)));
  });

  it('is ended after the holder was killed', async () => {
    await using run = await testRun();
    const { holder } = await run.sh(`${flood('setsid')} & wait`, { maxOutputBytes, env });
    await eventually(() => living(run));
    process.kill(holder.pid, 'SIGKILL');
    await writeFile(`${run.dir}/go`, '');
    await eventually(async () => !(await living(run)));
  });
});

describe('a limit that is not reached', () => {
  it('costs an agent nothing that it wrote before it exits: its outputs are files', async () => {
    await using run = await testRun();
    const script = 'process.stdout.write("x".repeat(1e6) + "END\\n"); process.stderr.write("E\\n"); process.exit(3);';
    await run.start([process.execPath, '-e', script], { maxOutputBytes: 10_000_000 });
    expect(await waitForExit(run.handle)).toEqual({ kind: 'exited', code: 3 });
    expect(await sizes(run)).toEqual([1_000_004, 2]);
  });

  it('leaves no process of its own behind', async () => {
    await using run = await testRun();
    await run.sh('echo $$; exit 0', { maxOutputBytes });
    await waitForExit(run.handle);
    const left = async (): Promise<boolean> => (await directories()).includes(run.dir);
    await expect.poll(left).toBe(false);
  });

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
