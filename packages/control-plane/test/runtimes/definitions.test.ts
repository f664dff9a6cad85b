import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { memoryRuntime } from '@runtime/conformance/memory-runtime';
import { AgentRuntimeError, taskSpecSchema, type ControlPlane, type SubmitRequest } from '@runtime/contracts';
import { describe, expect, it, vi } from 'vitest';
import { words, wordsFactory } from '../support/definitions.ts';
import { eventsOf, makePlaces, openOverSocket, openPlane, retry, type Places } from '../support/planes.ts';

async function said(plane: ControlPlane, request: SubmitRequest): Promise<string> {
  const task = await plane.submit({ shareWorkspace: true, ...request });
  expect(await task.outcome()).toMatchObject({ status: 'succeeded' });
  const events = await eventsOf(plane, task.id);
  return events.flatMap((event) => (event.type === 'text.delta' ? [String(event['text'])] : [])).join('');
}

/** Everything that the log holds, as bytes. */
async function logText({ dataDir }: Places): Promise<string> {
  const names = await readdir(join(dataDir, 'log'), { recursive: true });
  const texts = names
    .filter((name) => name.endsWith('.jsonl'))
    .map((name) => readFile(join(dataDir, 'log', name), 'utf8'));
  return (await Promise.all(texts)).join('');
}

describe.each([
  ['in the process of the owner', openPlane],
  ['over a socket', openOverSocket],
])('runtimes that a request defines, %s', (_where, open) => {
  it('may have one name in two projects at the same time', async () => {
    await using places = await makePlaces();
    const { createAdapter, made } = wordsFactory();
    await using plane = await open(places, { adapters: [], createAdapter });
    const { workspace } = places;
    const ask = (says: string) => said(plane, { prompt: 'x', workspace, definitions: { echo: words(says) } });
    expect(await Promise.all(['a', 'b', 'a', 'b'].map(ask))).toEqual(['a', 'b', 'a', 'b']);
    // Once for each definition, not for each task.
    expect(made).toEqual(['echo', 'echo']);
    const reports = await plane.runtimes({
      definitions: { two: words('2'), bad: { adapter: 'nope' }, one: words('1') },
    });
    expect(reports).toMatchObject([
      { id: 'two', status: 'available' },
      { id: 'bad', status: 'unavailable', code: 'INVALID_ARGUMENT', reason: 'bad: nope is not understood' },
      { id: 'one', status: 'available' },
    ]);
    expect((await plane.info()).definitions).toBe(true);
  });

  it('are refused by a plane that makes no adapters', async () => {
    await using places = await makePlaces();
    await using plane = await open(places, { adapters: [memoryRuntime()] });
    const request = { prompt: 'x', workspace: places.workspace, definitions: { echo: words('a') } };
    const refusal = { code: 'UNSUPPORTED', hint: expect.stringContaining('memory') };
    await expect(plane.submit(request)).rejects.toMatchObject(refusal);
    await expect(plane.runtimes({ definitions: request.definitions })).rejects.toMatchObject(refusal);
    expect((await plane.info()).definitions).toBe(false);
    expect(await plane.runtimes()).toMatchObject([{ id: 'memory' }]);
  });

  it('are refused when no adapter can be made of them, with the reason and without a task', async () => {
    await using places = await makePlaces();
    await using plane = await open(places, { adapters: [], ...wordsFactory() });
    const request = { prompt: 'x', workspace: places.workspace };
    const unknown = { runtimes: ['echo'], definitions: { echo: { adapter: 'nope' } } };
    await expect(plane.submit({ ...request, ...unknown })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      rawMessage: 'echo: nope is not understood',
    });
    await expect(
      plane.submit({ ...request, runtimes: ['other'], definitions: { echo: words('a') } }),
    ).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(plane.submit(request)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(await plane.tasks()).toEqual([]);
  });
});

describe('the definition of a runtime', () => {
  it('is recorded for the runtimes that the task names, with a digest of its meaning', async () => {
    await using places = await makePlaces();
    await using plane = await openPlane(places, { adapters: [memoryRuntime()], ...wordsFactory() });
    const definitions = { echo: words('a', { passEnv: ['B', 'A'] }), other: words('b') };
    const request = { prompt: 'x', workspace: places.workspace, runtimes: ['echo', 'memory'], definitions, key: 'k' };
    const task = await plane.submit(request);
    await task.outcome();
    const [submitted] = await eventsOf(plane, task.id);
    expect(submitted?.['spec']).toMatchObject({
      runtimes: [{ runtime: 'echo' }, { runtime: 'memory' }],
      definitions: { echo: { ...definitions.echo, digest: expect.stringMatching(/^[0-9a-f]{64}$/) } },
    });
    expect(Object.keys(taskSpecSchema.parse(submitted?.['spec']).definitions ?? {})).toEqual(['echo']);
    // The same meaning in other words is the same request, and another meaning is another one.
    const again = {
      ...request,
      definitions: { echo: { passEnv: ['A', 'B'], options: { says: 'a' }, adapter: 'words' } },
    };
    expect((await plane.submit(again)).id).toBe(task.id);
    await expect(plane.submit({ ...request, definitions: { echo: words('b') } })).rejects.toMatchObject({
      code: 'CONFLICT',
    });
  });

  it('brings a run to its end under a later owner that knows nothing of it', async () => {
    await using places = await makePlaces();
    const first = await openPlane(places, { adapters: [], ...wordsFactory() });
    const request = { prompt: 'hang', workspace: places.workspace, definitions: { echo: words('a') } };
    const { id } = await first.submit({ ...request, until: 'closed' });
    for await (const event of first.task(id).events()) if (event.type === 'text.delta') break;
    await first.close();
    await using later = await openPlane(places, { adapters: [], ...wordsFactory() });
    for await (const event of later.task(id).events()) if (event.type === 'run.reattached') break;
    await later.task(id).cancel();
    expect(await later.task(id).outcome()).toEqual({ status: 'cancelled' });
  });

  it('is that of the earlier task when its conversation is continued', async () => {
    await using places = await makePlaces();
    await using plane = await openPlane(places, { adapters: [], ...wordsFactory() });
    const { workspace } = places;
    const task = await plane.submit({ prompt: 'x', workspace, definitions: { echo: words('first') } });
    await task.outcome();
    expect(
      await said(plane, { prompt: 'y', workspace, continueOf: task.id, definitions: { echo: words('second') } }),
    ).toBe('first');
  });

  it('that a later version does not understand fails a task that has not started, and holds up no other', async () => {
    await using places = await makePlaces();
    const first = await openPlane(places, { adapters: [], ...wordsFactory(), scheduler: { admit: () => [] } });
    const { workspace } = places;
    const alone = await first.submit({ prompt: 'x', workspace, definitions: { echo: words('a') } });
    const ladder = await first.submit({
      prompt: 'x',
      workspace,
      runtimes: ['echo', 'echo-2'],
      definitions: { echo: words('a'), 'echo-2': words('b') },
    });
    await first.close();
    const { createAdapter } = wordsFactory();
    await using later = await openPlane(places, {
      adapters: [],
      createAdapter: (id, definition) => {
        if (id === 'echo') throw new AgentRuntimeError('INVALID_ARGUMENT', 'no such option: says');
        return createAdapter(id, definition);
      },
    });
    expect(await later.task(alone.id).outcome()).toMatchObject({
      status: 'failed',
      code: 'invalid_request',
      message: 'echo: no such option: says',
    });
    expect(await later.task(ladder.id).outcome()).toMatchObject({ status: 'succeeded' });
  });

  it('that a later version does not understand leaves a running agent alone until the task is cancelled', async () => {
    await using places = await makePlaces();
    const first = await openPlane(places, { adapters: [], ...wordsFactory() });
    const request = { prompt: 'hang', workspace: places.workspace, definitions: { echo: words('a') } };
    const { id } = await first.submit(request);
    for await (const event of first.task(id).events()) if (event.type === 'text.delta') break;
    await first.close();
    const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    try {
      await using later = await openPlane(places, {
        adapters: [],
        createAdapter: () => {
          throw new AgentRuntimeError('INVALID_ARGUMENT', 'no such adapter');
        },
      });
      await expect
        .poll(() => warned.mock.calls.map(([message]) => String(message)).join('\n'))
        .toMatch(/run-\S+ of task \S+ is not read: no such/);
      expect(await later.task(id).status()).toMatchObject({
        status: 'running',
        waitingFor: { kind: 'runtime', text: expect.stringContaining('no such adapter') },
      });
      await later.task(id).cancel();
      expect(await later.task(id).outcome()).toEqual({ status: 'cancelled' });
    } finally {
      warned.mockRestore();
    }
  });

  it('that an earlier version did not record leaves a queued task waiting for an owner that has the runtime', async () => {
    await using places = await makePlaces();
    const first = await openPlane(places, { adapters: [memoryRuntime()], scheduler: { admit: () => [] } });
    const { id } = await first.submit({ prompt: 'x', workspace: places.workspace });
    await first.close();
    const later = await openPlane(places, { adapters: [], ...wordsFactory() });
    await expect
      .poll(() => later.task(id).status())
      .toMatchObject({ status: 'queued', waitingFor: { kind: 'runtime', text: expect.stringContaining('memory') } });
    await later.close();
    await using last = await openPlane(places, { adapters: [memoryRuntime()] });
    expect(await last.task(id).outcome()).toEqual({ status: 'succeeded' });
  });

  it('that an earlier version did not record does not keep a task from its next runtime', async () => {
    await using places = await makePlaces();
    const adapters = [memoryRuntime(), memoryRuntime({ id: 'other' })];
    const first = await openPlane(places, { adapters, scheduler: { admit: () => [] } });
    const request = { prompt: 'x', workspace: places.workspace, runtimes: ['memory', 'other'] };
    const { id } = await first.submit(request);
    await first.close();
    await using later = await openPlane(places, { adapters: adapters.slice(1) });
    expect(await later.task(id).outcome()).toEqual({ status: 'succeeded' });
  });

  it.each([
    ['deadlineMs', { deadlineMs: 600_000 }],
    ['runTimeoutMs', { runTimeoutMs: 600_000 }],
  ])('that an earlier version did not record does not keep a running task from its %s', async (_name, limit) => {
    await using places = await makePlaces();
    const hangs = memoryRuntime({ script: () => [{ do: 'say', text: 'x' }, { do: 'hang' }] });
    const ahead = (ms: number) => ({ wall: () => Date.now() + ms, monotonic: () => performance.now() });
    const first = await openPlane(places, { adapters: [hangs] });
    const { id } = await first.submit({ prompt: 'x', workspace: places.workspace, retry, ...limit });
    for await (const event of first.task(id).events()) if (event.type === 'turn.started') break;
    await first.close();
    const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    try {
      let later = await openPlane(places, { adapters: [], ...wordsFactory() });
      await expect
        .poll(() => later.task(id).status())
        .toMatchObject({ status: 'running', waitingFor: { kind: 'runtime' } });
      await later.close();
      later = await openPlane(places, { adapters: [], ...wordsFactory(), clocks: ahead(3_600_000) });
      expect(await later.task(id).outcome()).toMatchObject({ status: 'timed_out', code: 'timeout' });
      await later.close();
    } finally {
      warned.mockRestore();
    }
  });

  it('is looked for in the environment of each shell, and the answer is used again only there', async () => {
    await using places = await makePlaces();
    const asked: unknown[] = [];
    await using plane = await openPlane(places, {
      adapters: [],
      createAdapter: (id) => ({
        ...memoryRuntime({ id }),
        probe: async ({ environment } = {}) => {
          asked.push(environment?.['PATH']);
          if (environment?.['PATH'] === '/here') return memoryRuntime({ id }).probe();
          return { status: 'unavailable', id, code: 'NOT_FOUND', reason: `not on ${environment?.['PATH']}` };
        },
      }),
    });
    const { workspace } = places;
    const submit = (PATH: string) =>
      plane.submit({
        prompt: 'x',
        workspace,
        definitions: { echo: words('a') },
        environment: { PATH },
        shareWorkspace: true,
      });
    expect(await (await submit('/here')).outcome()).toEqual({ status: 'succeeded' });
    expect(await (await submit('/there')).outcome()).toMatchObject({
      status: 'failed',
      message: 'echo: not on /there',
    });
    expect(await (await submit('/here')).outcome()).toEqual({ status: 'succeeded' });
    expect(asked).toEqual(['/here', '/there']);
  });

  it('is looked for from the workspace where PATH is relative, as the run looks for it', async () => {
    await using places = await makePlaces();
    const asked: unknown[] = [];
    const started: unknown[] = [];
    await using plane = await openPlane(places, {
      adapters: [],
      createAdapter: (id) => {
        const runtime = memoryRuntime({ id });
        return {
          ...runtime,
          probe: async (options) => {
            asked.push(options?.environment?.['PATH']);
            return runtime.probe(options);
          },
          start: async (launch, options) => {
            started.push(launch.env['PATH']);
            return runtime.start(launch, options);
          },
        };
      },
    });
    const { workspace } = places;
    const request = { prompt: 'x', workspace, definitions: { echo: words('a') }, shareWorkspace: true };
    await (await plane.submit({ ...request, environment: { PATH: 'bin::/usr/bin' } })).outcome();
    await (await plane.submit({ ...request, env: { set: { PATH: './tools' } } })).outcome();
    expect(asked).toEqual([`${workspace}/bin:${workspace}:/usr/bin`, `${workspace}/tools`]);
    expect(started).toEqual(['bin::/usr/bin', './tools']);
  });

  it('has a breaker of its own: a broken project does not hold up another with the same name', async () => {
    await using places = await makePlaces();
    const broken = new AgentRuntimeError('UNAVAILABLE', 'broken');
    await using plane = await openPlane(places, {
      adapters: [],
      createAdapter: (id, { options }) => ({
        ...memoryRuntime({ id }),
        ...(options['says'] === 'broken' ? { start: () => Promise.reject(broken) } : {}),
      }),
    });
    const { workspace } = places;
    const task = await plane.submit({ prompt: 'x', workspace, retry, definitions: { echo: words('broken') } });
    await task.outcome();
    const [bad, good] = await Promise.all(
      ['broken', 'fine'].map((says) => plane.runtimes({ definitions: { echo: words(says) } })),
    );
    expect([bad, good]).toMatchObject([[{ id: 'echo', breaker: 'open' }], [{ id: 'echo', breaker: 'closed' }]]);
    const [submitted] = await eventsOf(plane, task.id);
    const { definitions } = taskSpecSchema.parse(submitted?.['spec']);
    const digest = definitions?.['echo']?.digest;
    expect(await logText(places)).toContain(`"stream":"runtime/echo@${digest}"`);
    expect(await said(plane, { prompt: 'x', workspace, definitions: { echo: words('fine') } })).toBe('done');
  });
});
