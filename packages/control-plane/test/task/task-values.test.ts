import { mkdir, readdir, readFile, realpath, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { memoryRuntime } from '@runtime/conformance/memory-runtime';
import { AgentRuntimeError, type ControlPlane } from '@runtime/contracts';
import { describe, expect, it, vi } from 'vitest';
import { TaskValueFiles } from '../../src/task/task-values.ts';
import { words, wordsFactory } from '../support/definitions.ts';
import { seen } from '../support/hostile.ts';
import { eventsOf, makePlaces, openPlane, type Places } from '../support/planes.ts';

const secret = 'hunter2-hunter2';

/** Every file of the data directory that holds this text. */
async function holding(places: Places, text: string): Promise<string[]> {
  const names = await readdir(places.dataDir, { recursive: true, withFileTypes: true });
  const files = names.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  // A task that has just ended loses its file.
  const read = (file: string) => readFile(file).catch(() => Buffer.alloc(0));
  const found = await Promise.all(files.map(async (file) => (await read(file)).includes(text)));
  return files.filter((_, at) => found[at]).map((file) => file.slice(places.dataDir.length + 1));
}

async function textOf(plane: ControlPlane, id: string): Promise<string> {
  await plane.task(id).outcome();
  const events = await eventsOf(plane, id);
  return events.flatMap((event) => (event.type === 'text.delta' ? [String(event['text'])] : [])).join('');
}

const modeOf = async (path: string): Promise<number> => (await stat(path)).mode & 0o777;

/** A task that was submitted with K=b, and whose owner left before it began. */
async function leftQueued(places: Places): Promise<string> {
  await using first = await openPlane(places, { adapters: [], ...wordsFactory(), scheduler: { admit: () => [] } });
  const { id } = await first.submit({
    prompt: 'variable K',
    workspace: places.workspace,
    definitions: { echo: words('') },
    env: { pass: ['K'] },
    environment: { K: 'b' },
  });
  return id;
}

describe('the variables of the shell that asks', () => {
  it('are those of the run, whatever the owner has', async () => {
    await using places = await makePlaces();
    const environment = { K: 'a', ONLY_HERE: 'a', PATH: '/usr/bin' };
    await using plane = await openPlane(places, { adapters: [], ...wordsFactory(), environment });
    const variable = async (name: string, environment?: Record<string, string>): Promise<string> => {
      const { id } = await plane.submit({
        prompt: `variable ${name}`,
        workspace: places.workspace,
        shareWorkspace: true,
        definitions: { echo: words('', { passEnv: ['BY_RUNTIME_*'] }) },
        env: { pass: ['K', 'ONLY_HERE'] },
        ...(environment ? { environment } : {}),
      });
      return textOf(plane, id);
    };
    expect(await variable('K', { K: 'b' })).toBe('b');
    expect(await variable('K', {})).toBe('unset');
    expect(await variable('K')).toBe('a');
    expect(await variable('ONLY_HERE', { K: 'b' })).toBe('unset');
    expect(await variable('BY_RUNTIME_X', { BY_RUNTIME_X: 'c' })).toBe('c');
    expect(await variable('PATH', { PATH: '/of/the/shell' })).toBe('/of/the/shell');
    expect(await variable('NOT_NAMED', { NOT_NAMED: 'd' })).toBe('unset');
    expect(await variable('RUNTIME_RUN_ID', { RUNTIME_RUN_ID: 'run-of-another' })).toMatch(/^run-(?!of)/);
  });

  it.each([
    [true, 'that of the plane, whatever was passed'],
    [false, 'what was passed'],
  ])('where the plane serves a socket (%s), RUNTIME_DATA_DIR is %s', async (listen) => {
    await using places = await makePlaces();
    await using plane = await openPlane(places, { adapters: [], ...wordsFactory(), listen });
    const { id } = await plane.submit({
      prompt: 'variable RUNTIME_DATA_DIR',
      workspace: places.workspace,
      definitions: { echo: words('') },
      env: { set: { RUNTIME_DATA_DIR: '/of/another' } },
    });
    expect(await textOf(plane, id)).toBe(listen ? await realpath(places.dataDir) : '/of/another');
  });

  it('are in one file of mode 0600 until the task has ended, filtered, and never in the log', async () => {
    await using places = await makePlaces();
    await using plane = await openPlane(places, { adapters: [], ...wordsFactory() });
    const { id } = await plane.submit({
      prompt: 'hang',
      workspace: places.workspace,
      definitions: { echo: words('') },
      env: { pass: ['MY_VALUE'], set: { MY_TOKEN: `${secret}-set` } },
      environment: { MY_VALUE: `${secret}-passed`, NOT_NAMED: `${secret}-unnamed` },
    });
    const folder = join(places.dataDir, 'tasks', id);
    const { runId } = (await seen(plane, id, 'run.started')) as unknown as { runId: string };
    const ofTask = join('tasks', id, 'values.json');
    expect((await holding(places, secret)).sort()).toEqual([join('runs', runId, 'secrets.json'), ofTask]);
    expect(await holding(places, `${secret}-passed`)).toEqual([ofTask]);
    expect(await holding(places, `${secret}-unnamed`)).toEqual([]);
    expect(
      await Promise.all([modeOf(join(places.dataDir, 'tasks')), modeOf(folder), modeOf(join(folder, 'values.json'))]),
    ).toEqual([0o700, 0o700, 0o600]);
    const [submitted] = await eventsOf(plane, id);
    expect(submitted?.['spec']).toMatchObject({
      environment: ['MY_VALUE'],
      env: { pass: ['MY_VALUE'], setNames: ['MY_TOKEN'], setDigest: expect.any(String) },
    });
    await plane.task(id).cancel();
    await plane.task(id).outcome();
    await expect.poll(() => holding(places, secret)).toEqual([]);
    // The folder goes after its file.
    await expect.poll(() => stat(folder).catch(() => 'gone')).toBe('gone');
  });

  it('are those of the task under a later owner, too', async () => {
    await using places = await makePlaces();
    const id = await leftQueued(places);
    await using later = await openPlane(places, { adapters: [], ...wordsFactory(), environment: { K: 'a' } });
    expect(await textOf(later, id)).toBe('b');
  });

  it('that are gone end the task with the reason, and never become those of the owner', async () => {
    await using places = await makePlaces();
    const id = await leftQueued(places);
    await rm(join(places.dataDir, 'tasks'), { recursive: true });
    await using later = await openPlane(places, { adapters: [], ...wordsFactory(), environment: { K: 'a' } });
    expect(await later.task(id).outcome()).toMatchObject({
      status: 'failed',
      message: expect.stringContaining('the variables that task'),
    });
  });

  it('that cannot be read at the moment are kept, and so is their task', async () => {
    await using places = await makePlaces();
    const id = await leftQueued(places);
    const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    const unread = new AgentRuntimeError('UNAVAILABLE', 'EMFILE: too many open files');
    const reading = vi.spyOn(TaskValueFiles.prototype, 'read').mockRejectedValue(unread);
    try {
      const later = await openPlane(places, { adapters: [], ...wordsFactory() });
      await expect
        .poll(() => later.task(id).status())
        .toMatchObject({ status: 'queued', waitingFor: { kind: 'fault', text: expect.stringContaining('EMFILE') } });
      await later.close();
    } finally {
      reading.mockRestore();
      warned.mockRestore();
    }
    await using last = await openPlane(places, { adapters: [], ...wordsFactory() });
    expect(await textOf(last, id)).toBe('b');
  });

  it('are what a task needs: without a place for them none is submitted', async () => {
    await using places = await makePlaces();
    await using plane = await openPlane(places, { adapters: [], ...wordsFactory() });
    await writeFile(join(places.dataDir, 'tasks'), 'not a directory');
    const request = { prompt: 'x', workspace: places.workspace, definitions: { echo: words('a') } };
    await expect(plane.submit({ ...request, environment: { PATH: '/bin' } })).rejects.toMatchObject({
      code: 'UNAVAILABLE',
    });
    expect(await plane.tasks()).toEqual([]);
    expect((await plane.submit(request)).id).toMatch(/^task-/);
  });

  it('are removed at opening when their task has ended or never began', async () => {
    await using places = await makePlaces();
    const first = await openPlane(places, { adapters: [memoryRuntime()] });
    const { id } = await first.submit({ prompt: 'x', workspace: places.workspace });
    await first.task(id).outcome();
    await first.close();
    for (const name of [id, 'task-that-never-was']) {
      await mkdir(join(places.dataDir, 'tasks', name), { recursive: true });
      await writeFile(join(places.dataDir, 'tasks', name, 'values.json'), secret);
    }
    await using _later = await openPlane(places, { adapters: [memoryRuntime()] });
    expect(await holding(places, secret)).toEqual([]);
  });
});

describe('values that a request sets', () => {
  const request = (workspace: string, value: string) => ({
    prompt: 'variable MY_TOKEN',
    workspace,
    key: 'k',
    env: { set: { MY_TOKEN: value, PLAIN: 'not so secret' } },
  });

  it('reach the agent of a plane with adapters of its host, and are in no log', async () => {
    await using places = await makePlaces();
    const script = ({ launch }: { launch: { env: Readonly<Record<string, string>> } }) =>
      [{ do: 'say', text: `it has ${launch.env['PLAIN']}` }] as const;
    await using plane = await openPlane(places, { adapters: [memoryRuntime({ script })] });
    const { id } = await plane.submit(request(places.workspace, secret));
    expect(await textOf(plane, id)).toBe('it has not so secret');
    expect((await holding(places, secret)).filter((file) => !file.startsWith('tasks'))).toEqual([]);
  });

  it('are part of what a key stands for, also after the end and under a later owner', async () => {
    await using places = await makePlaces();
    const first = await openPlane(places, { adapters: [memoryRuntime()] });
    const ask = (plane: ControlPlane, value: string) => plane.submit(request(places.workspace, value));
    const { id } = await ask(first, secret);
    expect((await ask(first, secret)).id).toBe(id);
    await expect(ask(first, 'another')).rejects.toMatchObject({ code: 'CONFLICT' });
    await first.task(id).outcome();
    await first.close();
    await using later = await openPlane(places, { adapters: [memoryRuntime()] });
    expect((await ask(later, secret)).id).toBe(id);
    await expect(ask(later, 'another')).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(await modeOf(join(places.dataDir, 'digest.key'))).toBe(0o600);
  });

  it('are digested with a key of the data directory, so that a short one cannot be guessed from the log', async () => {
    await using one = await makePlaces();
    await using other = await makePlaces();
    for (const { dataDir } of [one, other]) await mkdir(dataDir);
    const files = [one, one, other].map(({ dataDir }) => new TaskValueFiles(dataDir));
    const [first] = files;
    const digest = await first?.digest({ PIN: '1234', A: 'x' });
    const again = await files[1]?.digest({ A: 'x', PIN: '1234' });
    expect(again).toBe(digest);
    expect(await files[2]?.digest({ PIN: '1234', A: 'x' })).not.toBe(digest);
  });
});

it('nothing but the folders of tasks is made for values: a data directory that is gone stays so', async () => {
  await using places = await makePlaces();
  const gone = join(places.workspace, 'gone');
  await expect(new TaskValueFiles(gone).write('task-1', { set: { K: 'v' } })).rejects.toMatchObject({
    code: 'UNAVAILABLE',
  });
  await expect(stat(gone)).rejects.toThrow('ENOENT');
});
