import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { endProcess, lives, ProcessLab, until } from '../support/process-lab.ts';

// Each test is a handful of processes; on a busy machine each takes seconds to start.
vi.setConfig({ testTimeout: 60_000 });

const main = 'memory-main';

/** The owner's environment, as the kernel knows it. */
async function environmentOf(pid: number): Promise<string[]> {
  return (await readFile(`/proc/${pid}/environ`, 'utf8')).split('\0');
}

describe.skipIf(process.platform !== 'linux')('an owner of its own', () => {
  it('is started by the first command, outlives it, and serves the next', async () => {
    await using lab = await ProcessLab.open(main);
    Object.assign(lab.env, { RUNTIME_RUN_ID: 'run-of-another', SECRET_OF_THE_SHELL: 'x', ANTHROPIC_API_KEY: 'k' });
    const first = await lab.start('run', 'one');
    expect(first.stdout).toContain('did one');
    expect(first.exitCode).toBe(0);
    const pid = await lab.ownerPid();
    expect(pid).toBeTypeOf('number');
    expect((await lab.start('run', 'two', '-q')).stdout).toBe('did two\n');
    expect(await lab.ownerPid()).toBe(pid);

    const environment = await environmentOf(pid ?? 0);
    // Each task brings the variables of its own shell: the owner needs no credentials.
    expect(environment.join('\n')).not.toMatch(/RUNTIME_RUN_ID|SECRET_OF_THE_SHELL|ANTHROPIC_API_KEY/);
    const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')[1]?.split(' ') ?? [];
    expect([fields[2], fields[3]]).toEqual([String(pid), String(pid)]);
    expect((await stat(join(lab.dataDir, 'owner.log'))).mode & 0o777).toBe(0o600);
  });

  it('is the only one when several commands start at the same time', async () => {
    await using lab = await ProcessLab.open(main);
    const results = await Promise.all(['a', 'b', 'c'].map((text) => lab.start('run', '-q', '--share-workspace', text)));
    expect(results.map((result) => [result.exitCode, result.stderr])).toEqual([
      [0, ''],
      [0, ''],
      [0, ''],
    ]);
    const { stdout } = await lab.start('list', '--json');
    expect(JSON.parse(stdout)).toHaveLength(3);
    const opened = await lab.start('events', '--type', 'plane.opened', '--json');
    expect(opened.stdout.trim().split('\n')).toHaveLength(1);
  });

  it('exits by itself when it is idle, and the next command starts another', async () => {
    await using lab = await ProcessLab.open(main);
    const served = await lab.start('serve', '--detach', '--idle-exit', '300ms', '--json');
    const { pid } = JSON.parse(served.stdout) as { pid: number };
    expect(await lab.start('run', '-q', 'x')).toMatchObject({ exitCode: 0 });
    await expect.poll(() => lives(pid)).toBe(false);
    expect(await lab.start('run', '-q', 'again')).toMatchObject({ exitCode: 0, stdout: 'did again\n' });
    expect(await lab.ownerPid()).not.toBe(pid);
  });

  it('exits at SIGTERM with exit code 0', async () => {
    await using lab = await ProcessLab.open(main);
    const serve = lab.start('serve');
    await until(serve, 'stdout', 'serving');
    serve.kill('SIGTERM');
    const { exitCode, stdout } = await serve;
    expect([exitCode, stdout]).toEqual([0, expect.stringContaining('exiting: SIGTERM')]);
    expect(await lab.ownerPid()).toBeUndefined();
  });

  it('refuses to be the second, names the first, and exits with 4', async () => {
    await using lab = await ProcessLab.open(main);
    await lab.start('serve', '--detach');
    const second = await lab.start('serve', '--json');
    expect(second.exitCode).toBe(4);
    expect(JSON.parse(second.stdout)).toMatchObject({
      error: { code: 'CONFLICT', details: { owner: { pid: await lab.ownerPid() } } },
    });
  });

  it('is replaced after kill -9, and the watching command goes on', async () => {
    await using lab = await ProcessLab.open(main);
    await lab.start('run', 'first');
    await endProcess((await lab.ownerPid()) ?? 0, 'SIGKILL');
    expect(await lab.start('run', '-q', 'second')).toMatchObject({ exitCode: 0, stdout: 'did second\n' });
    expect(JSON.parse((await lab.start('list', '--json')).stdout)).toHaveLength(2);
  });

  it.each(['d', 'log of d'])('leaves nothing behind when %s is removed under it', async (what) => {
    await using lab = await ProcessLab.open(main);
    await lab.start('run', 'one');
    const pid = (await lab.ownerPid()) ?? 0;
    const target = what === 'd' ? lab.dataDir : join(lab.dataDir, 'log');
    // The door may put its record back while the rest is being removed.
    await rm(target, { recursive: true, maxRetries: 20, retryDelay: 20 });
    while (await lives(pid)) await sleep(20);
    const names = await readdir(lab.dataDir, { recursive: true }).catch(() => []);
    expect(names.filter((name) => name.startsWith('log'))).toEqual([]);
    if (what !== 'd') return;
    expect(await lab.start('run', 'two')).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('did two') });
  });

  it('that cannot have its log is reported, with what can be done', async () => {
    await using lab = await ProcessLab.open(main);
    await mkdir(lab.dataDir, { mode: 0o700 });
    await mkdir(join(lab.dataDir, 'owner.log'));
    const result = await lab.start('run', 'x');
    expect(result.exitCode).toBe(4);
    expect(result.stderr).toMatch(/cannot write to the data directory[^]*hint/);
  });
});

describe.skipIf(process.platform !== 'linux')('the command as a process', () => {
  it('detaches at Ctrl-C with 130, and cancels at the second', async () => {
    await using lab = await ProcessLab.open(main);
    const run = lab.start('run', 'hang');
    await until(run, 'stdout', 'working');
    run.kill('SIGINT');
    await until(run, 'stderr', 'detached');
    run.kill('SIGINT');
    expect((await run).exitCode).toBe(130);
    const ended = await lab.start('events', '-f', 'last', '--type', 'task.ended', '--json');
    expect(JSON.parse(ended.stdout)).toMatchObject({ outcome: { status: 'cancelled' } });
  });

  it('ends events -f at Ctrl-C with 130', async () => {
    await using lab = await ProcessLab.open(main);
    await lab.start('submit', 'hang');
    const events = lab.start('events', '-f', 'last');
    await until(events, 'stdout', 'turn.started');
    events.kill('SIGINT');
    expect((await events).exitCode).toBe(130);
  });

  it('ends at Ctrl-C while it waits for its text on standard input', async () => {
    await using lab = await ProcessLab.open(main);
    const steer = lab.start('steer', 'last', '-');
    // More than a pipe holds: once it is written, it is being read.
    await new Promise((written) => steer.stdin.write('x'.repeat(1024 * 1024), written));
    steer.kill('SIGINT');
    expect((await steer).exitCode).toBe(130);
  });

  it('reports without a stack that stdout cannot be written to', async () => {
    await using lab = await ProcessLab.open(main);
    const { exitCode, stderr } = await lab.pipe('config schema > /dev/full', 'cat');
    expect([exitCode, stderr]).toEqual([1, expect.stringMatching(/^error cannot write to stdout: ENOSPC[^\n]*\n$/)]);
  });

  it('ends quietly in a pipe that is closed early', async () => {
    await using lab = await ProcessLab.open(main);
    const run = await lab.pipe('run -q flood', 'head -n 1');
    expect([run.stderr, run.exitCode]).toEqual(['', 0]);
    expect(run.stdout).toMatch(/^line 0 x+\n$/);
    const log = await lab.pipe('log', 'head -n 1');
    expect([log.stderr, log.exitCode]).toEqual(['', 0]);
  });

  it('writes all of a long output into a slow pipe', async () => {
    await using lab = await ProcessLab.open(main);
    const run = await lab.pipe('run -q flood', '(sleep 0.3; wc -l)');
    expect(run.stdout.trim()).toBe('2000');
  });
});
