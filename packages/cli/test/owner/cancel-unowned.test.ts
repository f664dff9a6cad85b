import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { endProcess, lives, ProcessLab, until } from '../support/process-lab.ts';

// Each test is a handful of processes; on a busy machine each takes seconds to start.
vi.setConfig({ testTimeout: 120_000 });

const viewSchema = z.looseObject({ id: z.string(), status: z.string() });

/** A lab whose runtime is a shell script with children, which tells its process ids. */
async function openLab(first = 'true'): Promise<ProcessLab> {
  const lab = await ProcessLab.open('main');
  const script = `${first}; read name; sleep 300 & echo "$$ $!" > "pids-$name"; echo up; wait`;
  await writeFile(
    join(lab.workspace, 'runtime.config.json'),
    JSON.stringify({ runtimes: { shell: { adapter: 'local', command: ['sh', '-c', script] } } }),
  );
  return lab;
}

/** Starts tasks, each with an agent that is up, and kills their owner. Resolves with their ids and their processes. */
async function orphans(lab: ProcessLab, ...names: readonly string[]) {
  const tasks = [];
  for (const name of names) {
    const { stdout } = await lab.start('submit', name, '--share-workspace', '--json');
    const { id } = viewSchema.parse(JSON.parse(stdout));
    await until(lab.start('events', '-f', id), 'stdout', 'up');
    const pids = (await readFile(join(lab.workspace, `pids-${name}`), 'utf8')).trim().split(' ').map(Number);
    tasks.push({ id, pids });
  }
  await endProcess((await lab.ownerPid()) ?? 0, 'SIGKILL');
  return tasks;
}

async function status(lab: ProcessLab, id: string): Promise<string> {
  return viewSchema.parse(JSON.parse((await lab.start('status', id, '--json')).stdout)).status;
}

const living = async (pids: readonly number[]): Promise<number[]> => {
  const each = await Promise.all(pids.map(lives));
  return pids.filter((_, index) => each[index]);
};

/** The processes that work on the data directory of the lab. */
async function processesOf(lab: ProcessLab): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')));
  return lines.filter((line) => line.includes(lab.dataDir));
}

describe.skipIf(process.platform !== 'linux')('cancel where no owner lives', () => {
  it('ends the agent and the task, and leaves no owner behind', async () => {
    await using lab = await openLab();
    const [task] = await orphans(lab, 'one');
    expect(await living(task?.pids ?? [])).toEqual(task?.pids);
    const cancelled = await lab.start('cancel', 'last', '--why', 'nobody waits');
    expect(cancelled).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('cancelled') });
    expect(cancelled.stdout).not.toContain('requested');
    expect(await living(task?.pids ?? [])).toEqual([]);
    expect(await lab.ownerPid()).toBeUndefined();
    expect(await processesOf(lab)).toEqual([]);
    expect(await status(lab, task?.id ?? '')).toBe('cancelled');
    const events = await lab.start('events', task?.id ?? '', '--json', '--type', 'cancel.requested,run.*');
    const seen = events.stdout
      .trim()
      .split('\n')
      .map((line) => z.looseObject({ type: z.string() }).parse(JSON.parse(line)));
    expect(seen.map(({ type }) => type)).toEqual([
      'run.starting',
      'run.started',
      'cancel.requested',
      'run.reattached',
      'run.stopping',
      'run.ended',
    ]);
    expect(seen[2]).toMatchObject({ by: 'cli', why: 'nobody waits' });
    // Said again it changes nothing, and starts nothing.
    expect(await lab.start('cancel', 'last')).toMatchObject({ exitCode: 0 });
    expect(await lab.ownerPid()).toBeUndefined();
  });

  it('touches no other task: its agent goes on, and one that waits for its turn is not started', async () => {
    await using lab = await openLab();
    const [one, two] = await orphans(lab, 'one', 'two');
    const before = await lab.start('events', two?.id ?? '', '--json');
    const cancelled = await lab.start('cancel', one?.id ?? '', '--wait');
    expect(cancelled).toMatchObject({ exitCode: 0 });
    expect(cancelled.stderr).toBe(
      '1 task goes on without an owner, until the next task or runtime serve takes it up\n',
    );
    expect(await living([...(one?.pids ?? []), ...(two?.pids ?? [])])).toEqual(two?.pids);
    expect((await lab.start('events', two?.id ?? '', '--json')).stdout).toBe(before.stdout);
    expect(await status(lab, two?.id ?? '')).toBe('running');
  });

  it('may be said by several at once, each for its task', async () => {
    await using lab = await openLab();
    const tasks = await orphans(lab, 'one', 'two', 'three');
    const all = await Promise.all(tasks.map(({ id }) => lab.start('cancel', id, '-q')));
    expect(all.map(({ exitCode, stderr }) => [exitCode, stderr])).toEqual(tasks.map(() => [0, '']));
    expect(await living(tasks.flatMap(({ pids }) => pids))).toEqual([]);
    for (const { id } of tasks) expect(await status(lab, id)).toBe('cancelled');
    expect(await lab.ownerPid()).toBeUndefined();
  });

  it('lets a command that starts an owner wait for it', async () => {
    await using lab = await openLab();
    const [one] = await orphans(lab, 'one');
    const [cancelled, submitted] = await Promise.all([
      lab.start('cancel', one?.id ?? '', '--wait'),
      lab.start('submit', 'two', '--share-workspace'),
    ]);
    expect([cancelled.exitCode, cancelled.stderr, submitted.exitCode, submitted.stderr]).toEqual([0, '', 0, '']);
    expect(await status(lab, one?.id ?? '')).toBe('cancelled');
    await until(lab.start('events', '-f', submitted.stdout.trim()), 'stdout', 'up');
  });

  it('is by the owner that has come meanwhile, or lives', async () => {
    await using lab = await openLab();
    const [one] = await orphans(lab, 'one');
    await lab.start('serve', '--detach');
    const pid = await lab.ownerPid();
    expect(await lab.start('cancel', one?.id ?? '', '--wait')).toMatchObject({ exitCode: 0 });
    expect(await lab.ownerPid()).toBe(pid);
  });

  it('may be interrupted: the next owner ends what is left', async () => {
    await using lab = await openLab('trap "" TERM');
    const [one] = await orphans(lab, 'one');
    const cancel = lab.start('cancel', 'last');
    const requested = async () => (await lab.start('events', one?.id ?? '', '--type', 'run.stopping')).stdout;
    await expect.poll(requested, { timeout: 60_000, interval: 100 }).toContain('cancel');
    cancel.kill('SIGINT');
    expect(await cancel).toMatchObject({ exitCode: 130, stderr: expect.stringContaining('the cancel is recorded') });
    expect(await lab.ownerPid()).toBeUndefined();
    await lab.start('serve', '--detach');
    await expect.poll(() => status(lab, one?.id ?? ''), { timeout: 60_000, interval: 200 }).toBe('cancelled');
    expect(await living(one?.pids ?? [])).toEqual([]);
  });

  it('finds no task where there is none, and makes nothing', async () => {
    await using lab = await openLab();
    expect(await lab.start('cancel', 'last')).toMatchObject({ exitCode: 3 });
    expect(await readdir(lab.root)).not.toContain('d');
    await orphans(lab, 'one');
    expect(await lab.start('cancel', 'nope')).toMatchObject({ exitCode: 3 });
    expect(await lab.start('cancel', 'last')).toMatchObject({ exitCode: 0 });
  });

  it('by an agent of the task itself is the work of an owner, which the agent does not take with it', async () => {
    await using lab = await openLab();
    const [one] = await orphans(lab, 'one');
    const [runId = ''] = await readdir(join(lab.dataDir, 'runs'));
    lab.env['RUNTIME_RUN_ID'] = runId;
    const cancelled = lab.start('cancel', one?.id ?? '');
    await cancelled;
    delete lab.env['RUNTIME_RUN_ID'];
    await expect.poll(() => status(lab, one?.id ?? ''), { timeout: 60_000, interval: 200 }).toBe('cancelled');
    expect(await living(one?.pids ?? [])).toEqual([]);
  });
});
