import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { memoryRuntime, vanishMemoryRun, forgetMemoryRun } from '@runtime/conformance/memory-runtime';
import { AgentRuntimeError, type ListOptions } from '@runtime/contracts';
import { describe, expect, it } from 'vitest';
import { connectControlPlane, openControlPlane, openReadOnlyPlane } from '../../src/index.ts';
import {
  eventsOf,
  expectSoundLog,
  expectSoundStream,
  makePlaces,
  openPlane,
  retry,
  typesOf,
} from '../support/planes.ts';

describe('a plane that is opened again', () => {
  it('regains a run that went on without it, and neither loses nor repeats an event', async () => {
    await using places = await makePlaces();
    let open = (): void => undefined;
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const adapters = [
      memoryRuntime({
        script: () => [
          { do: 'say', text: ['a', 'b'] },
          { do: 'gate', until: gate },
          { do: 'say', text: ['c', 'd'] },
        ],
      }),
    ];
    const first = await openPlane(places, { adapters });
    const { id } = await first.submit({ prompt: 'go', workspace: places.workspace });
    for await (const event of first.task(id).events()) if (event.type === 'message.completed') break;
    await first.close();
    open();
    await using second = await openPlane(places, { adapters });
    expect(await second.task(id).outcome()).toEqual({ status: 'succeeded' });
    const events = await eventsOf(second, id);
    expectSoundStream(events);
    expect(typesOf(events)).toContain('run.reattached');
    expect(events.filter(({ type }) => type === 'message.completed').map((event) => event['text'])).toEqual([
      'ab',
      'cd',
    ]);
    expect(events.filter(({ type }) => type === 'run.starting')).toHaveLength(1);
    await expectSoundLog(places);
  });

  it('knows ended tasks, and their keys, from its snapshot and from the log alone', async () => {
    await using places = await makePlaces();
    const adapters = [memoryRuntime()];
    const request = { prompt: 'go', workspace: places.workspace, key: 'k' };
    const first = await openPlane(places, { adapters });
    const task = await first.submit(request);
    await task.outcome();
    const view = await task.status();
    await first.close();
    const second = await openPlane(places, { adapters });
    expect((await second.submit(request)).id).toBe(task.id);
    expect(await second.task(task.id).status()).toEqual(view);
    expect((await second.tasks()).map(({ id }) => id)).toEqual([task.id]);
    await second.close();
    const { rm } = await import('node:fs/promises');
    await rm(`${places.dataDir}/log/snapshots`, { recursive: true, force: true });
    await using third = await openPlane(places, { adapters });
    expect((await third.submit(request)).id).toBe(task.id);
    expect(await third.task(task.id).status()).toEqual(view);
  });

  it('does not invent an exit for a run that died with nobody watching, and resumes it', async () => {
    await using places = await makePlaces();
    let turns = 0;
    const adapters = [
      memoryRuntime({
        script: () => (turns++ === 0 ? [{ do: 'say', text: 'x' }, { do: 'hang' }] : [{ do: 'say', text: 'y' }]),
      }),
    ];
    const first = await openPlane(places, { adapters });
    const { id } = await first.submit({ prompt: 'go', workspace: places.workspace, retry });
    for await (const event of first.task(id).events()) if (event.type === 'message.completed') break;
    const [run] = (await first.task(id).status()).runs;
    await first.close();
    vanishMemoryRun(run!);
    await using second = await openPlane(places, { adapters });
    expect(await second.task(id).outcome()).toEqual({ status: 'succeeded' });
    const events = await eventsOf(second, id);
    expectSoundStream(events);
    expect(events.find(({ type }) => type === 'run.ended')).toMatchObject({
      exit: { kind: 'unknown' },
      outcome: { status: 'lost' },
    });
  });

  it('asks what to do about a run of which nothing can be known', async () => {
    await using places = await makePlaces();
    const adapters = [
      memoryRuntime({ capabilities: { resume: 'none' }, script: () => [{ do: 'tool', name: 'x' }, { do: 'hang' }] }),
    ];
    const first = await openPlane(places, { adapters });
    const { id } = await first.submit({ prompt: 'go', workspace: places.workspace });
    for await (const event of first.task(id).events()) if (event.type === 'tool.ended') break;
    const [run] = (await first.task(id).status()).runs;
    await first.close();
    forgetMemoryRun(run!);
    await using second = await openPlane(places, { adapters });
    await expect
      .poll(async () => (await second.task(id).status()).approvals.map(({ kind }) => kind))
      .toEqual(['recovery']);
    await second.task(id).answer((await second.task(id).status()).approvals[0]!.id, { choice: 'give_up' });
    expect(await second.task(id).outcome()).toMatchObject({ status: 'lost' });
  });

  it('keeps an approval, its limit and its answer over the restart', async () => {
    await using places = await makePlaces();
    const adapters = [
      memoryRuntime({
        script: () => [{ do: 'ask', title: 'May I?', answered: ({ choice }) => [{ do: 'say', text: String(choice) }] }],
      }),
    ];
    const first = await openPlane(places, { adapters });
    const { id } = await first.submit({ prompt: 'go', workspace: places.workspace, approvals: { timeoutMs: 60_000 } });
    await expect.poll(async () => (await first.task(id).status()).status).toBe('waiting');
    const [before] = (await first.task(id).status()).approvals;
    await first.close();
    await using second = await openPlane(places, { adapters });
    const [after] = (await second.task(id).status()).approvals;
    expect(after).toEqual(before);
    await second.task(id).answer(after!.id, { choice: 'allow' });
    await second
      .task(id)
      .answer(after!.id, { choice: 'allow' })
      .catch((error: unknown) => expect(AgentRuntimeError.from(error).code).toBe('CONFLICT'));
    expect(await second.task(id).outcome()).toEqual({ status: 'succeeded' });
    expect((await eventsOf(second, id)).find(({ type }) => type === 'message.completed')).toMatchObject({
      text: 'allow',
    });
  });
});

describe('one data directory', () => {
  it('has one owner, who is named to the second', async () => {
    await using places = await makePlaces();
    await using first = await openPlane(places, { adapters: [memoryRuntime()] });
    await expect(openControlPlane({ dataDir: places.dataDir, adapters: [] })).rejects.toMatchObject({
      code: 'CONFLICT',
      details: { owner: { pid: process.pid } },
    });
    const { epoch } = await first.info();
    await first.close();
    await using second = await openPlane(places, { adapters: [memoryRuntime()] });
    expect((await second.info()).epoch).toBeGreaterThan(epoch);
  });

  it('is read from its files when nobody owns it, and nothing is written', async () => {
    await using places = await makePlaces();
    const owner = await openPlane(places, { adapters: [memoryRuntime()] });
    const task = await owner.submit({ prompt: 'go', workspace: places.workspace });
    await task.outcome();
    const view = await task.status();
    await owner.close();
    await expect(connectControlPlane({ dataDir: places.dataDir })).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await using reader = await openReadOnlyPlane({ dataDir: places.dataDir });
    expect(await reader.task(task.id).status()).toEqual(view);
    const found = async (options: ListOptions): Promise<string[]> => (await reader.tasks(options)).map(({ id }) => id);
    expect(await found({})).toEqual([task.id]);
    expect(await found({ idPart: task.id.slice(-6), workspace: places.workspace })).toEqual([task.id]);
    expect(await found({ idPart: 'zzzz' })).toEqual([]);
    expect(await found({ workspace: places.dataDir })).toEqual([]);
    expect(await found({ labels: { constructor: 'x' } })).toEqual([]);
    expectSoundStream(await eventsOf(reader, task.id));
    await expect(reader.submit({ prompt: 'x', workspace: places.workspace })).rejects.toMatchObject({
      code: 'UNAVAILABLE',
    });
  });

  it('is not read where it is no directory, and asked for no less strictly than its owner', async () => {
    await using places = await makePlaces();
    const file = join(places.workspace, 'file');
    await writeFile(file, '');
    await expect(openReadOnlyPlane({ dataDir: file })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await expect(openReadOnlyPlane({ dataDir: join(file, 'in') })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await (await openPlane(places, { adapters: [memoryRuntime()] })).close();
    await using reader = await openReadOnlyPlane({ dataDir: places.dataDir });
    await expect(reader.tasks({ limit: -1 })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await expect(reader.task('../x').status()).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });
});
