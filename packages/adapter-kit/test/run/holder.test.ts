import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, mkdir, readFile, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { AgentRuntimeError } from '@runtime/contracts';
import { describe, expect, it } from 'vitest';
import { holderScript } from '../../src/run/holder-script.ts';
import { findMarked, isAlive } from '../../src/process/index.ts';
import {
  claimRun,
  inspectRun,
  openFifoWriter,
  readExitRecord,
  readHolderRecord,
  releaseStdin,
  runPaths,
  stopRun,
  waitForExit,
} from '../../src/run/index.ts';
import { codeOf, eventually, settingsOf, testRun } from '../support/run.ts';

const ownWords =
  'dir run kind input mask path locale caught boot started holder holder_start agent status state line code name end began again'.split(
    ' ',
  );
const hostScript = fileURLToPath(new URL('../support/start-and-wait.ts', import.meta.url));

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

describe('the exit record', () => {
  it.each([
    ['exit 0', { kind: 'exited', code: 0 }],
    ['exit 7', { kind: 'exited', code: 7 }],
    ['exit 255', { kind: 'exited', code: 255 }],
    ['exit 143', { kind: 'exited', code: 143 }],
    ['exit 130', { kind: 'exited', code: 130 }],
    ['exit 127', { kind: 'exited', code: 127 }],
    ['kill -TERM $$', { kind: 'signaled', signal: 'SIGTERM' }],
    ['kill -KILL $$', { kind: 'signaled', signal: 'SIGKILL' }],
    ['kill -INT $$', { kind: 'signaled', signal: 'SIGINT' }],
    ['kill -PIPE $$', { kind: 'signaled', signal: 'SIGPIPE' }],
    ['kill -USR2 $$', { kind: 'signaled', signal: 'SIGUSR2' }],
    ['kill -SEGV $$', { kind: 'signaled', signal: 'SIGSEGV' }],
  ])('tells %s apart from everything else', async (script, exit) => {
    await using run = await testRun();
    await run.sh(`ulimit -c 0; ${script}`);
    expect(await waitForExit(run.handle)).toEqual(exit);
    expect(await inspectRun(run.handle)).toMatchObject({ state: 'ended', exit, began: true });
  });

  it.each(['dash', 'bash'])('is exact when sh is %s', async (shell) => {
    if (!(await isThere(`/bin/${shell}`))) return;
    for (const [script, exit] of [
      ['sleep 0.05; exit 143', { kind: 'exited', code: 143 }],
      ['exit 3', { kind: 'exited', code: 3 }],
      ['sleep 0.05; kill -TERM $$', { kind: 'signaled', signal: 'SIGTERM' }],
      ['kill -INT $$', { kind: 'signaled', signal: 'SIGINT' }],
    ] as const) {
      await using run = await testRun();
      const posix = shell === 'bash' ? ['--posix'] : [];
      const args = [...posix, '-c', holderScript, 'h', ...(await settingsOf(run)), '/bin/sh', '-c', script];
      const holder = spawn(`/bin/${shell}`, args, { stdio: 'ignore', cwd: run.dir });
      await once(holder, 'exit');
      expect((await readExitRecord(run.dir))?.exit).toEqual(exit);
    }
  });

  it.each([
    ['kill -INT $$', { kind: 'signaled', signal: 'SIGINT' }],
    ['kill -TERM $$', { kind: 'signaled', signal: 'SIGTERM' }],
    ['exit 130', { kind: 'exited', code: 130 }],
    ['exit 0', { kind: 'exited', code: 0 }],
  ])('is exact when sh is bash, and %s comes before it waits', async (script, exit) => {
    if (!(await isThere('/bin/bash'))) return;
    await using run = await testRun();
    const slow = `trap 'case $BASH_COMMAND in wait*) sleep 0.3 ;; esac' DEBUG\n${holderScript}`;
    const args = ['--posix', '-c', slow, 'h', ...(await settingsOf(run)), '/bin/sh', '-c', script];
    const holder = spawn('/bin/bash', args, { stdio: 'ignore', cwd: run.dir });
    await once(holder, 'exit');
    expect((await readExitRecord(run.dir))?.exit).toEqual(exit);
  });

  it('holds the time at which the exit was seen, whatever becomes of the file', async () => {
    await using run = await testRun();
    const before = Date.now();
    await run.sh('sleep 0.3');
    await waitForExit(run.handle);
    const after = Date.now();
    await eventually(() => readExitRecord(run.dir));
    await utimes(runPaths(run.dir).exit, 1, 1);
    const ended = await inspectRun(run.handle);
    if (ended.state !== 'ended') throw new Error(ended.state);
    expect(ended.endedAt).toBeGreaterThanOrEqual(before);
    expect(ended.endedAt).toBeLessThanOrEqual(after);
  });

  it.each([
    ['has none', ''],
    ['is of another boot', ',"seenAt":{"uptime":1,"bootId":"another"}'],
  ])('takes the time of the file where the record %s', async (_, seenAt) => {
    await using run = await testRun();
    await writeFile(runPaths(run.dir).exit, `{"version":1,"began":true,"exit":{"kind":"exited","code":0}${seenAt}}`);
    await utimes(runPaths(run.dir).exit, 5, 5);
    expect(await readExitRecord(run.dir)).toMatchObject({ endedAt: 5000 });
  });

  it('is known while the disk is slow, and no stop makes it unknown', async () => {
    await using run = await testRun();
    const slow = holderScript.replace('flush() {', 'flush() { sleep 30;');
    expect(slow).not.toBe(holderScript);
    const gone = { owner: 1 };
    const args = ['-c', slow, 'h', ...(await settingsOf(run, gone)), '/bin/sh', '-c', 'exit 7'];
    const env = { ...process.env, RUNTIME_RUN_ID: run.handle.runId };
    const holder = spawn('/bin/sh', args, { stdio: 'ignore', cwd: run.dir, detached: true, env });
    await eventually(() => readHolderRecord(run.dir));
    expect(await waitForExit(run.handle)).toEqual({ kind: 'exited', code: 7 });
    expect(holder.exitCode, 'the holder still syncs').toBeNull();
    expect(await stopRun(run.handle)).toEqual({ kind: 'exited', code: 7 });
    expect(await inspectRun(run.handle)).toMatchObject({ state: 'ended', exit: { code: 7 } });
    expect(await findMarked(run.handle.runId)).toEqual([]);
  });

  it('is waited for while its holder is slow to write it', async () => {
    await using run = await testRun();
    const slow = holderScript.replace('\nread_uptime\n', '\nsleep 7; read_uptime\n');
    expect(slow).not.toBe(holderScript);
    const args = ['-c', slow, 'h', ...(await settingsOf(run)), '/bin/sh', '-c', 'sleep 60'];
    const env = { ...process.env, RUNTIME_RUN_ID: run.handle.runId };
    spawn('/bin/sh', args, { stdio: 'ignore', cwd: run.dir, detached: true, env });
    await eventually(() => readHolderRecord(run.dir));
    expect(await stopRun(run.handle)).toEqual({ kind: 'signaled', signal: 'SIGTERM' });
  });

  it('is recorded by a holder that somebody stopped', async () => {
    await using run = await testRun();
    const { holder } = await run.sh('sleep 60');
    process.kill(holder.pid, 'SIGSTOP');
    expect(await stopRun(run.handle)).toEqual({ kind: 'signaled', signal: 'SIGTERM' });
  });

  it('survives signals to the holder while the agent works', async () => {
    await using run = await testRun();
    const record = await run.sh('read line; exit 5', { stdin: { kind: 'fifo' } });
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGCHLD', 'SIGTERM'] as const) {
      process.kill(record.holder.pid, signal);
      await delay(10);
    }
    await using writer = await openFifoWriter(runPaths(run.dir).input);
    await writer.write('go\n');
    expect(await waitForExit(run.handle)).toEqual({ kind: 'exited', code: 5 });
  });

  it('says that a command never began when its directory is gone by the time it is to be executed', async () => {
    await using run = await testRun();
    const cwd = path.join(run.dir, 'workspace');
    await mkdir(cwd);
    const wrap = ['/bin/sh', '-c', `rmdir "${cwd}"; exec "$@"`, 'wrap'];
    await run.start(['true'], { cwd, placement: { survivesHost: true, wrap } });
    await waitForExit(run.handle);
    expect(await inspectRun(run.handle)).toMatchObject({ state: 'ended', began: false });
    expect(await run.read('stderr.log')).toContain(cwd);
  });

  it('says that a command never began when it is gone by the time it is to be executed', async () => {
    await using run = await testRun();
    const tool = path.join(run.dir, 'tool');
    await writeFile(tool, '#!/bin/sh\n', { mode: 0o755 });
    const wrap = ['/bin/sh', '-c', `rm "${tool}"; exec "$@"`, 'wrap'];
    await run.start([tool], { placement: { survivesHost: true, wrap } });
    await waitForExit(run.handle);
    expect(await inspectRun(run.handle)).toMatchObject({ state: 'ended', began: false, exit: { code: 127 } });
    expect(await run.read('stderr.log')).toContain('tool');
  });
});

describe('the agent', () => {
  it('gets its arguments, directory and environment exactly', async () => {
    await using run = await testRun();
    const odd = [
      'a b',
      'q\'q"q',
      '',
      'two\nlines',
      '$(touch x)',
      '`touch x`',
      '#(touch x)',
      '-n',
      '*',
      '\\',
      'ü\u2028',
    ];
    const cwd = path.join(run.dir, "o'dd $(touch y) ;\n dir");
    await mkdir(cwd);
    const env = {
      PATH: process.env['PATH'] ?? '',
      HOME: '/home/x y',
      MULTI: 'a\nb',
      LC_ALL: 'C.UTF-8',
      SHLVL: '7',
      EMPTY: '',
      // Words that a shell script likes for its own.
      ...Object.fromEntries(ownWords.map((name) => [name, `the agent's ${name}`])),
    };
    const print = 'console.log(JSON.stringify({ argv: process.argv.slice(1), cwd: process.cwd(), env: process.env }))';
    await run.start([process.execPath, '-e', print, '--', ...odd], { cwd, env });
    expect(await waitForExit(run.handle)).toEqual({ kind: 'exited', code: 0 });
    const seen: unknown = JSON.parse(await run.read('stdout.log'));
    const { SHLVL: _, ...expected } = env;
    expect(seen).toEqual({ argv: odd, cwd, env: { ...expected, PWD: cwd, RUNTIME_RUN_ID: run.handle.runId } });
    expect(await codeOf(stat(path.join(cwd, 'x')))).toBe('ENOENT');
    expect(await codeOf(stat(path.join(run.dir, 'y')))).toBe('ENOENT');
  });

  it('leads a group and a session of its own, ignores no signal, holds no stray descriptor and keeps the umask', async () => {
    await using run = await testRun();
    const before = process.umask();
    const record = await run.sh(
      'umask; grep SigIgn /proc/self/status; for fd in 3 4 5 10; do [ -e /proc/$$/fd/$fd ] && echo open $fd; done; cut -d" " -f5,6 /proc/$$/stat',
    );
    await waitForExit(run.handle);
    await eventually(() => readExitRecord(run.dir));
    const [mask, ignored, ...rest] = (await run.read('stdout.log')).trim().split('\n');
    expect(Number.parseInt(mask ?? '', 8)).toBe(before);
    expect(ignored).toMatch(/^SigIgn:\s+0+$/);
    expect(rest).toEqual([`${record.agent.pid} ${record.agent.pid}`]);
    expect(record.agent.pgid).toBe(record.agent.pid);
    for (const file of ['stdout.log', 'stderr.log', 'holder.json', 'exit.json', 'holder.log']) {
      expect((await stat(path.join(run.dir, file))).mode & 0o777, file).toBe(0o600);
    }
  });

  it('reads a prompt file to its end', async () => {
    await using run = await testRun();
    const prompt = path.join(run.dir, "prompt's $(file)");
    await writeFile(prompt, 'do it\n', { mode: 0o600 });
    await run.start(['cat'], { stdin: { kind: 'file', path: prompt } });
    await waitForExit(run.handle);
    expect(await run.read('stdout.log')).toBe('do it\n');
  });

  it('goes on, with its exit recorded, when whoever started it is killed at once', async () => {
    await using run = await testRun();
    const host = spawn(process.execPath, ['--conditions=@runtime/source', hostScript, JSON.stringify(run.handle)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(host.stdout, 'data');
    host.kill('SIGKILL');
    await once(host, 'exit');
    const seen = await inspectRun(run.handle);
    expect(seen.state).toBe('live');
    await writeFile(path.join(run.dir, 'go'), '');
    expect(await waitForExit(run.handle)).toEqual({ kind: 'exited', code: 9 });
    expect(await run.read('stdout.log')).toBe('begun\ndone\n');
  });

  it('dies with a killed holder, and no exit is invented', async () => {
    await using run = await testRun();
    const record = await run.start(['sleep', '60'], { stdin: { kind: 'fifo' } });
    const waiting = waitForExit(run.handle, { pollMs: 50 });
    process.kill(record.holder.pid, 'SIGKILL');
    await eventually(async () => !(await isAlive(record.agent)));
    expect(await waiting).toMatchObject({ kind: 'unknown' });
    expect(await inspectRun(run.handle)).toMatchObject({ state: 'dead' });
    await eventually(async () => (await codeOf(openFifoWriter(runPaths(run.dir).input))) === 'UNAVAILABLE');
  });

  it('sees the end of its input when the holder is told to release it', async () => {
    await using run = await testRun();
    await run.start(['cat'], { stdin: { kind: 'fifo' } });
    const writer = await openFifoWriter(runPaths(run.dir).input);
    await writer.write('one\n');
    await writer.close();
    await delay(50);
    const again = await openFifoWriter(runPaths(run.dir).input);
    await again.write('two\n');
    await again.close();
    expect((await inspectRun(run.handle)).state).toBe('live');
    expect(await releaseStdin(run.handle)).toBe(true);
    expect(await waitForExit(run.handle)).toEqual({ kind: 'exited', code: 0 });
    expect(await run.read('stdout.log')).toBe('one\ntwo\n');
    // The holder makes its record durable before it goes.
    await eventually(async () => !(await releaseStdin(run.handle)));
  });
});

describe('starting', () => {
  it('gives the right to start to one of two', async () => {
    await using run = await testRun();
    const both = await Promise.allSettled([run.sh('sleep 0.2; echo one'), run.sh('sleep 0.2; echo one')]);
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(both.find((one) => one.status === 'rejected')?.reason).toMatchObject({ code: 'CONFLICT' });
    await waitForExit(run.handle);
    expect(await run.read('stdout.log')).toBe('one\n');
    expect(await codeOf(run.sh('echo again'))).toBe('CONFLICT');
  });

  it('shuts a late holder out once the claim is ours', async () => {
    await using run = await testRun();
    expect(await inspectRun(run.handle)).toEqual({ state: 'absent' });
    expect(await codeOf(run.sh('echo late'))).toBe('CONFLICT');
    expect(await codeOf(readFile(path.join(run.dir, 'stdout.log')))).toBe('ENOENT');
    expect(await inspectRun(run.handle)).toEqual({ state: 'absent' });
    expect(await claimRun(run.handle)).toBe(true);
  });

  it('names a missing program, one that cannot be executed and a missing directory before anything is begun', async () => {
    await using run = await testRun();
    await writeFile(path.join(run.dir, 'plain'), 'text');
    expect(await codeOf(run.start(['no-such-program-here']))).toBe('NOT_FOUND');
    expect(await codeOf(run.start([path.join(run.dir, 'plain')]))).toBe('PERMISSION_DENIED');
    expect(await codeOf(run.start(['true'], { cwd: path.join(run.dir, 'nowhere') }))).toBe('NOT_FOUND');
    expect(await codeOf(run.start(['true'], { env: { 'A-B': 'x' } }))).toBe('INVALID_ARGUMENT');
    expect(await codeOf(run.start(['true', 'x'.repeat(200_000)]))).toBe('INVALID_ARGUMENT');
    expect(await codeOf(run.start(['true', 'a\0b']))).toBe('INVALID_ARGUMENT');
    expect(await codeOf(run.start(['true'], { stdin: { kind: 'file', path: '/dev/null' } }))).toBe('INVALID_ARGUMENT');
    expect(await claimRun(run.handle)).toBe(true);
  });

  it('refuses arguments that are larger together than the system takes: no start of them ever succeeds', async () => {
    await using run = await testRun();
    const many = Array.from({ length: 60 }, () => 'x'.repeat(120_000));
    expect(await codeOf(run.start(['true', ...many]))).toBe('INVALID_ARGUMENT');
  });

  it('refuses a run directory that is a link, that others can write, or that belongs to another user', async () => {
    await using run = await testRun();
    const link = `${run.dir}-link`;
    await symlink(run.dir, link);
    try {
      expect(await codeOf(run.sh('true', { handle: { ...run.handle, runDir: link } }))).toBe('PERMISSION_DENIED');
    } finally {
      await rm(link);
    }
    await chmod(run.dir, 0o777);
    expect(await codeOf(run.sh('true'))).toBe('PERMISSION_DENIED');
    await chmod(run.dir, 0o700);
    if (process.getuid?.() !== 0) return;
    await chown(run.dir, 65_534, 65_534);
    expect(await codeOf(run.sh('true'))).toBe('PERMISSION_DENIED');
    await chown(run.dir, 0, 0);
    await writeFile(runPaths(run.dir).exit, '{"version":1,"began":true,"exit":{"kind":"exited","code":0}}');
    await chown(runPaths(run.dir).exit, 65_534, 65_534);
    expect(await readExitRecord(run.dir)).toBeUndefined();
    await rm(runPaths(run.dir).exit);
  });

  it('says that a run whose directory takes no file could not be started', async () => {
    await using run = await testRun();
    await mkdir(runPaths(run.dir).holderLog);
    expect(await codeOf(run.sh('true'))).toBe('UNAVAILABLE');
  });

  it('ends what was begun when the caller gives up', async () => {
    await using run = await testRun();
    const slow = { survivesHost: true, wrap: ['/bin/sh', '-c', 'sleep 30; exec "$@"', 'wrap'] };
    const signal = AbortSignal.timeout(150);
    expect(await codeOf(run.sh('echo begun', { placement: slow, signal }))).toBe('DEADLINE_EXCEEDED');
    expect(await codeOf(run.sh('echo begun', { placement: slow, timeoutMs: 100 }))).toBe('UNAVAILABLE');
    expect(await findMarked(run.handle.runId)).toEqual([]);
  });

  it.each([0, 2, 4, 6, 8, 10, 12, 15, 20, 30])(
    'says that nothing was begun only where nothing was: given up after %i ms',
    async (timeoutMs) => {
      await using run = await testRun();
      const given = await run.sh('echo x >ran', { timeoutMs }).then(
        () => 'begun',
        (error: unknown) => AgentRuntimeError.from(error).code,
      );
      expect(['begun', 'UNAVAILABLE', 'OUTCOME_UNKNOWN']).toContain(given);
      if (given === 'UNAVAILABLE') await expect(run.read('ran')).rejects.toMatchObject({ code: 'ENOENT' });
    },
  );

  it('says what a wrapper said when it fails', async () => {
    await using run = await testRun();
    const broken = { survivesHost: true, wrap: ['/bin/sh', '-c', 'echo no bus here >&2; exit 1'] };
    await expect(run.sh('true', { placement: broken })).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining('no bus here'),
    });
  });
});

describe('the claim', () => {
  it('cannot be taken without a run directory, and is NOT_FOUND then', async () => {
    expect(await codeOf(claimRun({ runId: 'run-1', runDir: '/no/such/directory' }))).toBe('NOT_FOUND');
    expect(await codeOf(claimRun({ runId: 'run-1', runDir: '/dev/null' }))).toBe('UNAVAILABLE');
  });
});
