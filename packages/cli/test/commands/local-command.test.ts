import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { endProcess, lives, ProcessLab, until } from '../support/process-lab.ts';

// Each test is a handful of processes; on a busy machine each takes seconds to start.
vi.setConfig({ testTimeout: 60_000 });

/** A lab whose only runtime is a shell script that reads its prompt from standard input. */
async function openLab(script: string): Promise<ProcessLab> {
  const lab = await ProcessLab.open('main');
  await writeFile(
    join(lab.workspace, 'runtime.config.json'),
    JSON.stringify({ runtimes: { shell: { adapter: 'local', command: ['sh', '-c', script] } } }),
  );
  return lab;
}

describe.skipIf(process.platform !== 'linux')('a local command behind the real command line', () => {
  it('gets its prompt, is shown, and gives its exit code to the task', async () => {
    await using lab = await openLab('read prompt; echo "got $prompt"; exit "${prompt##* }"');
    const good = await lab.start('run', 'leave with 0');
    expect(good.stdout).toMatch(/got leave with 0\nsucceeded after /);
    expect(good.exitCode).toBe(0);
    const bad = await lab.start('run', 'leave with 3');
    expect(bad.stdout).toContain('failed (exit_code)');
    expect(bad.exitCode).toBe(1);
  });

  it('delivers files, which are kept when they are gone, and come back as files', async () => {
    await using lab = await openLab('read prompt; mkdir out; echo "$prompt" > out/report.md');
    const run = await lab.start('run', 'all well', '--deliverable', 'out/*');
    expect(run.stdout).toMatch(/· kept out\/report\.md \(9 B\)\nsucceeded after /);
    await rm(join(lab.workspace, 'out'), { recursive: true });
    expect((await lab.start('artifacts', 'get', 'last', 'out/report.md')).stdout).toBe('all well\n');
    expect((await lab.start('artifacts', 'get', 'last', '--to', '.')).stdout).toMatch(/^1 file \(9 B\) in /);
    expect(await readFile(join(lab.workspace, 'out/report.md'), 'utf8')).toBe('all well\n');
  });

  it('outlives its owner: after kill -9 the next owner continues it, and nothing is lost', async () => {
    await using lab = await openLab('echo $$ > pid; echo first; while [ ! -e go ]; do sleep 0.05; done; echo last');
    const run = lab.start('run', 'x', '--json');
    await until(run, 'stdout', 'first\\n');
    const agent = Number(await readFile(join(lab.workspace, 'pid'), 'utf8'));
    await endProcess((await lab.ownerPid()) ?? 0, 'SIGKILL');
    expect(await lives(agent)).toBe(true);
    await writeFile(join(lab.workspace, 'go'), '');
    const { stdout, exitCode } = await run;
    const events = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { type: string; text?: string; position: number });
    expect(exitCode).toBe(0);
    expect(events.map((event) => event.type)).toContain('run.reattached');
    const output = events.filter((event) => event.type === 'output.delta' || event.type === 'text.delta');
    expect(output.map((event) => event.text).join('')).toBe('first\nlast\n');
    const positions = events.map((event) => event.position);
    expect(positions).toEqual([...new Set(positions)].sort((a, b) => a - b));
  });

  it('goes on after --foreground was ended, and the next owner finishes it', async () => {
    await using lab = await openLab('echo i-am-up; while [ ! -e go ]; do sleep 0.05; done; echo end');
    const run = lab.start('run', '--foreground', 'x');
    await until(run, 'stdout', 'i-am-up');
    run.kill('SIGINT');
    const { exitCode, stderr } = await run;
    expect([exitCode, stderr]).toEqual([130, expect.stringContaining('the agent goes on')]);
    await writeFile(join(lab.workspace, 'go'), '');
    await lab.start('serve', '--detach');
    const events = await lab.start('events', '-f', 'last', '--type', 'task.ended', '--json');
    expect(JSON.parse(events.stdout)).toMatchObject({ outcome: { status: 'succeeded' } });
  });

  it('is ended as a tree by cancel', async () => {
    await using lab = await openLab('sleep 300 & echo $! > child; echo i-am-up; wait');
    await lab.start('submit', 'x');
    const events = lab.start('events', '-f', 'last');
    await until(events, 'stdout', 'i-am-up');
    const child = Number(await readFile(join(lab.workspace, 'child'), 'utf8'));
    const cancelled = await lab.start('cancel', 'last', '--wait');
    expect(cancelled.stdout).toContain('cancelled');
    await events;
    expect(await lives(child)).toBe(false);
  });

  it('gets variables of a file and of the owner, which are not in the log', async () => {
    await using lab = await openLab('echo "$MY_SECRET_KEY/$MY_NAME"');
    const file = join(lab.root, 'env');
    await writeFile(file, 'MY_SECRET_KEY=hunter2hunter2\n', { mode: 0o600 });
    lab.env['MY_NAME'] = 'ada';
    const run = await lab.start('run', '-q', 'x', '--env-from', file, '--env-pass', 'MY_NAME');
    expect(run.stdout).toMatch(/\/ada\n/);
    const log = await lab.start('log');
    expect(log.stdout).not.toContain('hunter2');
  });

  it('gets the variables of a file, which Node itself does not act on', async () => {
    await using lab = await openLab('echo "got $NODE_OPTIONS"');
    const file = join(lab.root, 'env');
    await writeFile(file, 'NODE_OPTIONS=--of-the-agent\n', { mode: 0o600 });
    const run = await lab.start('run', '-q', 'x', '--env-from', file);
    expect(run).toMatchObject({ exitCode: 0, stderr: '', stdout: expect.stringMatching(/^got \*\*\*\n/) });
  });

  it('cannot be attached to, and the error shows the alternative', async () => {
    await using lab = await openLab('echo i-am-up; sleep 300');
    await lab.start('submit', 'x');
    await until(lab.start('events', '-f', 'last'), 'stdout', 'i-am-up');
    const attached = await lab.start('attach', 'last');
    expect(attached.stderr).toMatch(/no terminal[^]*runtime watch/);
  });
});

describe.skipIf(process.platform !== 'linux')('the installed program', () => {
  it('knows its version, its configuration and its machine without an owner', async () => {
    await using lab = await openLab('true');
    const { stdout } = await lab.start('--version');
    expect(stdout).toBe('0.0.0\n');
    const doctor = JSON.parse((await lab.start('doctor', '--json')).stdout) as {
      checks: { name: string; detail: string }[];
    };
    expect(doctor.checks.find((check) => check.name === 'configuration')?.detail).toContain(
      'runtime.config.json: shell',
    );
    const runtimes = await lab.start('runtimes', '--json');
    expect(JSON.parse(runtimes.stdout)).toMatchObject([{ id: 'shell', status: 'available' }]);
    expect(await lab.ownerPid()).toBeUndefined();
  });
});
