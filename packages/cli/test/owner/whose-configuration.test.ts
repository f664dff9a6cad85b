import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, inject, it, vi } from 'vitest';
import { endProcess, lives, ProcessLab, until } from '../support/process-lab.ts';

// Each test is a handful of processes; on a busy machine each takes seconds to start.
vi.setConfig({ testTimeout: 120_000 * inject('slowness') });

type Runtimes = Readonly<Record<string, { readonly adapter: string; readonly command: readonly string[] }>>;
const shell = (script: string) => ({ adapter: 'local', command: ['sh', '-c', script] });

const openLab = (): Promise<ProcessLab> => ProcessLab.open('main');

/** A directory of the lab with a configuration of its own. */
async function project(lab: ProcessLab, name: string, runtimes: Runtimes, defaults?: object): Promise<string> {
  const folder = join(lab.root, name);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'runtime.config.json'), JSON.stringify({ runtimes, ...(defaults ? { defaults } : {}) }));
  return folder;
}

/** Every file of the data directory that holds this text. */
async function holding({ dataDir }: ProcessLab, text: string): Promise<string[]> {
  const entries = await readdir(dataDir, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const read = (file: string) => readFile(file).catch(() => Buffer.alloc(0));
  const found = await Promise.all(files.map(async (file) => (await read(file)).includes(text)));
  return files.filter((_, at) => found[at]).map((file) => file.slice(dataDir.length + 1));
}

describe.skipIf(process.platform !== 'linux')('one owner of many projects', () => {
  it('runs in each what this one calls echo, at the same time, and a runtime that was added needs no restart', async () => {
    await using lab = await openLab();
    const gate = join(lab.root, 'go');
    const wait = `while [ ! -e ${gate} ]; do sleep 0.05; done`;
    const a = await project(lab, 'a', { echo: shell(`echo begun; ${wait}; echo of a`) });
    const b = await project(lab, 'b', { echo: shell('echo of b') });
    const first = lab.in(a).start('run', 'x', '--on', 'echo');
    await until(first, 'stdout', 'begun');
    const pid = await lab.ownerPid();
    expect(await lab.in(b).start('run', '-q', 'x', '--on', 'echo')).toMatchObject({ exitCode: 0, stdout: 'of b\n' });
    // Without --on, too.
    expect(await lab.in(b).start('run', '-q', 'x')).toMatchObject({ exitCode: 0, stdout: 'of b\n', stderr: '' });
    await writeFile(gate, '');
    expect((await first).stdout).toContain('of a');

    await project(lab, 'b', { echo: shell('echo changed'), more: shell('echo more') });
    const added = await lab.in(b).start('run', '-q', 'x', '--on', 'more');
    expect(added).toMatchObject({ exitCode: 0, stdout: 'more\n', stderr: '' });
    expect((await lab.in(b).start('run', '-q', 'x', '--on', 'echo')).stdout).toBe('changed\n');
    expect(await lab.ownerPid()).toBe(pid);
  });

  it('shows the runtimes of the directory, and an unknown one is refused with their names and the file', async () => {
    await using lab = await openLab();
    const a = await project(lab, 'a', { echo: shell('echo a') });
    const b = await project(lab, 'b', {
      other: shell('echo b'),
      missing: { adapter: 'local', command: ['no-such-program'] },
    });
    const reports = async () => JSON.parse((await lab.in(b).start('runtimes', '--json')).stdout) as unknown;
    const expected = [
      { id: 'other', status: 'available', breaker: 'closed' },
      { id: 'missing', status: 'unavailable', code: 'NOT_FOUND' },
    ];
    expect(await reports()).toMatchObject(expected);
    expect(await lab.ownerPid()).toBeUndefined();
    await lab.in(a).start('run', 'x');
    expect(await lab.ownerPid()).toBeTypeOf('number');
    expect(await reports()).toMatchObject(expected);
    const wrong = await lab.in(b).start('run', 'x', '--on', 'echo');
    expect(wrong.exitCode).toBe(3);
    expect(wrong.stderr).toContain(join(b, 'runtime.config.json'));
    expect(wrong.stderr).toMatch(/"echo"[^]*other, missing/);
  });

  it('continues a conversation, and does a task again, with the runtime that it had', async () => {
    await using lab = await openLab();
    const a = await project(lab, 'a', { echo: shell('echo "of a in $PWD"') });
    const b = await project(lab, 'b', { echo: shell('echo of b') });
    const done = (await lab.in(a).start('submit', 'x')).stdout.trim();
    await lab.in(a).start('wait', done);
    const again = JSON.parse((await lab.in(b).start('requeue', done, '--json')).stdout) as { id: string };
    const events = await lab.in(b).start('events', '-f', again.id);
    expect(events.stdout).toContain(`of a in ${a}`);
  });

  it('is replaced after kill -9 by one that needs no configuration to bring the run to its end', async () => {
    await using lab = await openLab();
    const gate = join(lab.root, 'go');
    const a = await project(lab, 'a', {
      echo: shell(`echo "begun $MY_TOKEN_NAME"; while [ ! -e ${gate} ]; do sleep 0.05; done; echo "end of a"`),
    });
    lab.env['MY_TOKEN_NAME'] = 'given';
    const id = (await lab.in(a).start('submit', 'x', '--env-pass', 'MY_TOKEN_NAME')).stdout.trim();
    delete lab.env['MY_TOKEN_NAME'];
    await until(lab.in(a).start('events', '-f', id), 'stdout', 'begun');
    await endProcess((await lab.ownerPid()) ?? 0, 'SIGKILL');
    await writeFile(join(a, 'runtime.config.json'), 'broken');
    await writeFile(gate, '');
    const elsewhere = await project(lab, 'elsewhere', { other: shell('echo') });
    await lab.in(elsewhere).start('serve', '--detach');
    const events = await lab.in(elsewhere).start('events', '-f', id);
    expect(events.stdout).toMatch(/begun given[^]*end of a[^]*succeeded/);
    expect(events.stdout).toContain('run.reattached');
    expect(await lives((await lab.ownerPid()) ?? 0)).toBe(true);
  });
});

describe.skipIf(process.platform !== 'linux')('the variables of the calling shell', () => {
  const tellK = { echo: shell('echo "K is ${K-unset}"') };

  it('are those of the task, whatever the owner was started with', async () => {
    await using lab = await openLab();
    const a = await project(lab, 'a', tellK);
    lab.env['K'] = 'a';
    const serve = lab.in(a).start('serve');
    await until(serve, 'stdout', 'serving');
    lab.env['K'] = 'b';
    expect(await lab.in(a).start('run', '-q', 'x', '--env-pass', 'K')).toMatchObject({
      stdout: 'K is b\n',
      stderr: '',
    });
    expect((await lab.in(a).start('run', '-q', 'x')).stdout).toBe('K is unset\n');
    delete lab.env['K'];
    const unset = await lab.in(a).start('run', '-q', 'x', '--env-pass', 'K');
    expect(unset.stdout).toBe('K is unset\n');
    expect(unset.stderr).toMatch(/^note: K is not set in this shell[^\n]*\n$/);
    serve.kill('SIGTERM');
    await serve;
    // With an owner that never had it.
    await lab.in(a).start('serve', '--detach');
    lab.env['K'] = 'c';
    expect((await lab.in(a).start('run', '-q', 'x', '--env-pass', 'K')).stdout).toBe('K is c\n');
  });

  it('and the values that a configuration sets are in no file but the one of the task, and there until its end', async () => {
    await using lab = await openLab();
    const gate = join(lab.root, 'go');
    const a = await project(
      lab,
      'a',
      {
        echo: shell(`echo begun; while [ ! -e ${gate} ]; do sleep 0.05; done; test "\${#K}:\${#MY_TOKEN}" = 12:11`),
      },
      { env: { pass: ['K'], set: { MY_TOKEN: 'set-hunter2' } } },
    );
    lab.env['K'] = 'pass-hunter2';
    await lab.in(a).start('submit', 'x');
    await until(lab.in(a).start('events', '-f', 'last'), 'stdout', 'begun');
    const ofTheRun = /^(tasks\/task-[^/]+\/values\.json|runs\/)/;
    expect((await holding(lab, 'hunter2')).filter((file) => !ofTheRun.test(file))).toEqual([]);
    expect(await holding(lab, 'set-hunter2')).toContainEqual(expect.stringMatching(/^tasks\//));
    await writeFile(gate, '');
    const ended = await lab.in(a).start('events', '-f', 'last', '--type', 'task.ended', '--json');
    expect(JSON.parse(ended.stdout)).toMatchObject({ outcome: { status: 'succeeded' } });
    await expect
      .poll(async () => (await holding(lab, 'hunter2')).filter((file) => file.startsWith('tasks')))
      .toEqual([]);
    expect((await holding(lab, 'hunter2')).filter((file) => !ofTheRun.test(file))).toEqual([]);
    // Done again, they come from the configuration and the shell once more.
    const again = JSON.parse((await lab.in(a).start('requeue', 'last', '--json')).stdout) as { id: string };
    const second = await lab.in(a).start('events', '-f', again.id, '--type', 'task.ended', '--json');
    expect(JSON.parse(second.stdout)).toMatchObject({ outcome: { status: 'succeeded' } });
    await project(lab, 'a', { echo: shell('true') });
    const gone = await lab.in(a).start('requeue', again.id);
    expect([gone.exitCode, gone.stderr]).toEqual([2, expect.stringContaining('MY_TOKEN')]);
  });

  it('look for programs from the directory of the shell, where PATH is relative, with and without an owner', async () => {
    await using lab = await openLab();
    const a = await project(lab, 'a', {
      mine: { adapter: 'local', command: ['mytool'] },
      shown: { adapter: 'tmux', command: ['mytool', '{prompt}'] },
      pi: { adapter: 'pi', command: ['mytool'] },
    });
    await mkdir(join(a, 'bin'));
    await writeFile(join(a, 'bin', 'mytool'), '#!/bin/sh\necho 1.5.0\n', { mode: 0o755 });
    lab.env['PATH'] = `./bin:${lab.env['PATH'] ?? ''}`;
    const found = async () => {
      const reports = JSON.parse((await lab.in(a).start('runtimes', '--refresh', '--json')).stdout) as { id: string }[];
      return reports.map((report) => ({ id: report.id, status: Reflect.get(report, 'status') as unknown }));
    };
    const all = ['mine', 'shown', 'pi'].map((id) => ({ id, status: 'available' }));
    expect(await found()).toEqual(all);
    for (const id of ['mine', 'shown']) {
      const ran = await lab.in(a).start('run', 'x', '--on', id, '--workspace', lab.workspace);
      expect([ran.exitCode, ran.stdout], ran.stderr).toEqual([0, expect.stringContaining('1.5.0')]);
    }
    expect(await lab.ownerPid()).toBeTypeOf('number');
    expect(await found()).toEqual(all);
  });

  it('decide which program of a name is found', async () => {
    await using lab = await openLab();
    const a = await project(lab, 'a', { greet: { adapter: 'local', command: ['greet'] } });
    const base = lab.env['PATH'] ?? '';
    for (const name of ['one', 'two']) {
      await mkdir(join(lab.root, name));
      await writeFile(join(lab.root, name, 'greet'), `#!/bin/sh\necho ${name}\n`);
      await chmod(join(lab.root, name, 'greet'), 0o755);
    }
    lab.env['PATH'] = `${join(lab.root, 'one')}:${base}`;
    expect((await lab.in(a).start('run', '-q', 'x')).stdout).toBe('one\n');
    lab.env['PATH'] = `${join(lab.root, 'two')}:${base}`;
    expect((await lab.in(a).start('run', '-q', 'x')).stdout).toBe('two\n');
    // A relative entry means the directory of the shell, wherever the owner stands and the task works.
    lab.env['PATH'] = `../one:${base}`;
    expect((await lab.in(a).start('run', '-q', 'x', '--workspace', lab.workspace)).stdout).toBe('one\n');
    lab.env['PATH'] = base;
    const missing = await lab.in(a).start('run', 'x');
    expect([missing.exitCode, missing.stdout]).toEqual([1, expect.stringContaining('there is no program "greet"')]);
  });
});
