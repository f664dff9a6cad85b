import { chmod, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { memoryRuntime } from '@runtime/conformance/memory-runtime';
import { AgentRuntimeError, type Scheduler, type SubmitRequest } from '@runtime/contracts';
import type { RuntimeAdapter } from '@runtime/contracts/adapter';
import { describe, expect, it } from 'vitest';
import { makePlaces, openPlane, retry, typesOf, eventsOf, type Places } from '../support/planes.ts';

function listing(models: readonly string[]): RuntimeAdapter {
  const inner = memoryRuntime({ capabilities: { models: true } });
  const probe: RuntimeAdapter['probe'] = async (call) =>
    ({ ...(await inner.probe(call)), models: [...models] }) as never;
  return { ...inner, probe };
}

async function refusal(places: Places, adapters: RuntimeAdapter[], over: Partial<SubmitRequest>) {
  await using plane = await openPlane(places, { adapters });
  const submitting = plane.submit({ prompt: 'go', workspace: places.workspace, ...over });
  const error = await submitting.then(
    () => undefined,
    (thrown: unknown) => AgentRuntimeError.from(thrown),
  );
  expect(await plane.tasks()).toHaveLength(error ? 0 : 1);
  return error?.toData();
}

describe("a request that cannot work by its task's own fault is refused", () => {
  type Make = (file: string) => Promise<void>;
  const written =
    (text: string, mode = 0o600): Make =>
    async (file) => {
      await writeFile(file, text);
      await chmod(file, mode);
    };
  it.each<[string, Make, string]>([
    ['is missing', async () => undefined, 'NOT_FOUND'],
    ['is readable by others', written('A=b', 0o644), 'PERMISSION_DENIED'],
    ['is a link', (file) => symlink('/dev/null', file), 'PERMISSION_DENIED'],
    ['is too large', written(`A=${'x'.repeat(1024 * 1024)}`), 'INVALID_ARGUMENT'],
    ['is no list of variables', written('secret words'), 'INVALID_ARGUMENT'],
    ['has a value that the system does not take', written(`A=b\nZZA=${'x'.repeat(200_000)}`), 'INVALID_ARGUMENT'],
    ['has a value with a NUL', written('ZZA=secret words\0'), 'INVALID_ARGUMENT'],
  ])('when its environment file %s', async (_what, make, code) => {
    await using places = await makePlaces();
    const file = join(places.root, 'env');
    await make(file);
    const error = await refusal(places, [memoryRuntime()], { env: { file } });
    expect(error).toMatchObject({ code, message: expect.stringContaining(file) });
    expect(error?.message).not.toContain('secret words');
  });

  it.each<[string, Partial<SubmitRequest>]>([
    ['is one that the system does not take', { env: { set: { ZZA: '€'.repeat(60_000) } } }],
    [
      'makes them larger together than an agent can be given',
      { env: { set: Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`ZZA${n}`, 'x'.repeat(60_000)])) } },
    ],
  ])('when a variable %s', async (_what, over) => {
    await using places = await makePlaces();
    expect(await refusal(places, [memoryRuntime()], over)).toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('ZZA'),
    });
  });

  it('when it has fields that nobody knows, in a few words', async () => {
    await using places = await makePlaces();
    const fields = Object.fromEntries(Array.from({ length: 500 }, (_, n) => [`a-field-that-is-unknown-${n}`, n]));
    const error = await refusal(places, [memoryRuntime()], fields);
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringContaining('a-field-that-is-unk') });
    expect(JSON.stringify(error).length).toBeLessThan(2000);
  });

  it('when no runtime meets its needs, with the reason for each', async () => {
    await using places = await makePlaces();
    const few = (id: string) => memoryRuntime({ id, capabilities: { steer: 'accepted' } });
    const needs = { steer: 'delivered' } as const;
    expect(await refusal(places, [few('one'), few('two')], { needs })).toMatchObject({
      code: 'UNSUPPORTED',
      message: expect.stringMatching(/one: .*steer.*two: .*steer/),
    });
    expect(await refusal(places, [few('one'), memoryRuntime({ id: 'able' })], { needs })).toBeUndefined();
  });

  it('when it names a model that its runtime does not list', async () => {
    await using places = await makePlaces();
    const target = (model: string) => ({ runtimes: [{ runtime: 'memory', model }] });
    expect(await refusal(places, [listing(['small', 'large'])], target('lagre'))).toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('"lagre"'),
      hint: expect.stringContaining('small, large'),
    });
    expect(await refusal(places, [listing(['small'])], target('small'))).toBeUndefined();
  });

  it('but not for a model that its runtime has got since it was asked', async () => {
    await using places = await makePlaces();
    const models = ['small'];
    await using plane = await openPlane(places, { adapters: [listing(models)] });
    await plane.runtimes();
    models.push('large');
    const runtimes = [{ runtime: 'memory', model: 'large' }];
    const task = await plane.submit({ prompt: 'go', workspace: places.workspace, runtimes });
    expect(await task.outcome()).toEqual({ status: 'succeeded' });
  });

  it('but not when its runtime cannot be asked now: that is seen when it starts', async () => {
    await using places = await makePlaces();
    const gone = memoryRuntime({ unavailable: { code: 'UNAVAILABLE', reason: 'not now' } });
    expect(await refusal(places, [gone], { needs: { steer: 'delivered' } })).toBeUndefined();
  });

  it('but a key stands for its task, whatever has become of the environment file', async () => {
    await using places = await makePlaces();
    const file = join(places.root, 'env');
    await writeFile(file, 'A=b', { mode: 0o600 });
    await using plane = await openPlane(places, { adapters: [memoryRuntime()] });
    const request = { prompt: 'go', workspace: places.workspace, env: { file }, key: 'k' };
    const { id } = await plane.submit(request);
    await rm(file);
    expect((await plane.submit(request)).id).toBe(id);
  });
});

describe('what has become wrong since the task was submitted', () => {
  it.each(['the environment file', 'the workspace'])('ends it when it starts: %s', async (what) => {
    await using places = await makePlaces();
    const file = join(places.root, 'env');
    await writeFile(file, 'A=b', { mode: 0o600 });
    let open = false;
    const scheduler = {
      admit: ({ queued }: { queued: Iterable<{ taskId: string }> }) =>
        open ? [...queued].map(({ taskId }) => taskId) : [],
    };
    await using plane = await openPlane(places, {
      adapters: [memoryRuntime(), memoryRuntime({ id: 'other' })],
      scheduler,
    });
    const task = await plane.submit({ prompt: 'go', workspace: places.workspace, env: { file }, retry });
    await rm(what === 'the workspace' ? places.workspace : file, { recursive: true });
    open = true;
    await task.steer('wake');
    expect(await task.outcome()).toMatchObject({ status: 'failed', code: 'invalid_request' });
    const types = typesOf(await eventsOf(plane, task.id));
    expect(types).not.toContain('run.starting');
    expect(types).not.toContain('runtime.degraded');
  });

  it('is asked for again before a task ends for want of its model', async () => {
    await using places = await makePlaces();
    const models = ['small', 'large'];
    let open = false;
    const scheduler: Scheduler = { admit: ({ queued }) => (open ? [...queued].map(({ taskId }) => taskId) : []) };
    await using plane = await openPlane(places, { adapters: [listing(models)], scheduler });
    const runtimes = [{ runtime: 'memory', model: 'large' }];
    const task = await plane.submit({ prompt: 'go', workspace: places.workspace, runtimes });
    models.pop();
    await plane.runtimes({ refresh: true });
    models.push('large');
    open = true;
    await task.steer('wake');
    expect(await task.outcome()).toEqual({ status: 'succeeded' });
  });
});
