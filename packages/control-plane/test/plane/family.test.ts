import { join } from 'node:path';
import { memoryRuntime, vanishMemoryRun, type MemoryStep } from '@runtime/conformance/memory-runtime';
import type { ControlPlane, Scheduler, SubmitRequest, TaskHandle } from '@runtime/contracts';
import { describe, expect, it } from 'vitest';
import { fifo } from '../../src/index.ts';
import { seen } from '../support/hostile.ts';
import { eventsOf, makePlaces, openPlane, retry, typesOf } from '../support/planes.ts';

/** An agent that works until it is told to end; one whose prompt is `quick` ends at once. */
function agents() {
  const over = Promise.withResolvers<undefined>();
  const script = ({ text }: { readonly text: string }): MemoryStep[] =>
    text.includes('quick') ? [{ do: 'say', text: 'done' }] : [{ do: 'gate', until: over.promise }];
  return { adapter: memoryRuntime({ script }), end: () => over.resolve(undefined) };
}

const runOf = async (plane: ControlPlane, { id }: TaskHandle): Promise<string> =>
  String((await seen(plane, id, 'turn.started'))['runId']);

describe('a task that an agent submits from its own run', () => {
  it.each([1, 4])('works in its workspace beside it, with concurrency %d', async (concurrency) => {
    await using places = await makePlaces();
    const { adapter, end } = agents();
    await using plane = await openPlane(places, { adapters: [adapter], scheduler: fifo({ concurrency }) });
    const request = { prompt: 'long', workspace: places.workspace };
    const parent = await plane.submit(request);
    const parentRunId = await runOf(plane, parent);
    const child = await plane.submit({ ...request, prompt: 'quick', parentRunId });
    expect(await child.outcome()).toEqual({ status: 'succeeded' });
    expect(await child.status()).toMatchObject({ parent: { taskId: parent.id, runId: parentRunId } });
    expect(await parent.status()).toMatchObject({ status: 'running' });
    end();
    expect(await parent.outcome()).toEqual({ status: 'succeeded' });
  });

  it('may do so in turn, to a depth of eight', async () => {
    await using places = await makePlaces();
    const { adapter, end } = agents();
    await using plane = await openPlane(places, { adapters: [adapter], scheduler: fifo({ concurrency: 1 }) });
    const request: SubmitRequest = { prompt: 'long', workspace: places.workspace };
    const line = [await plane.submit(request)];
    for (let depth = 1; depth <= 8; depth += 1) {
      const parentRunId = await runOf(plane, line.at(-1)!);
      line.push(await plane.submit({ ...request, parentRunId }));
    }
    const parentRunId = await runOf(plane, line.at(-1)!);
    await expect(plane.submit({ ...request, parentRunId })).rejects.toMatchObject({
      code: 'EXHAUSTED',
      retry: 'never',
      hint: expect.stringContaining('8'),
    });
    end();
    for (const task of line) expect(await task.outcome()).toEqual({ status: 'succeeded' });
  });

  it('takes its turn with its siblings, and with others', async () => {
    await using places = await makePlaces();
    const { adapter, end } = agents();
    await using plane = await openPlane(places, { adapters: [adapter], scheduler: fifo({ concurrency: 1 }) });
    const request = { prompt: 'long', workspace: places.workspace, shareWorkspace: true };
    const parent = await plane.submit(request);
    const parentRunId = await runOf(plane, parent);
    const first = await plane.submit({ ...request, parentRunId });
    await runOf(plane, first);
    const second = await plane.submit({ ...request, parentRunId });
    const stranger = await plane.submit(request);
    for (const task of [second, stranger]) {
      await expect
        .poll(() => task.status())
        .toMatchObject({
          status: 'queued',
          waitingFor: { kind: 'concurrency', text: expect.stringContaining(parent.id) },
        });
    }
    end();
    for (const task of [parent, first, second, stranger]) expect(await task.outcome()).toEqual({ status: 'succeeded' });
  });

  it.each(['an unknown run', 'a run that has ended'])('is a task like any other when it names %s', async (which) => {
    await using places = await makePlaces();
    const { adapter, end } = agents();
    await using plane = await openPlane(places, { adapters: [adapter] });
    const request = { prompt: 'long', workspace: places.workspace };
    const before = await plane.submit({ ...request, prompt: 'quick' });
    await before.outcome();
    const [ended] = (await before.status()).runs;
    const parentRunId = which === 'an unknown run' ? 'run-nowhere' : (ended?.runId ?? '');
    const holder = await plane.submit(request);
    await runOf(plane, holder);
    const task = await plane.submit({ ...request, parentRunId });
    await expect
      .poll(() => task.status())
      .toMatchObject({
        status: 'queued',
        waitingFor: { kind: 'workspace', taskId: holder.id },
      });
    expect((await task.status()).parent).toBeUndefined();
    end();
    expect(await task.outcome()).toEqual({ status: 'succeeded' });
  });

  it('is one task by its key, also when the next run of its parent submits it again', async () => {
    await using places = await makePlaces();
    const { adapter, end } = agents();
    await using plane = await openPlane(places, { adapters: [adapter] });
    const request = { prompt: 'quick', workspace: places.workspace, key: 'k' };
    const parent = await plane.submit({ ...request, prompt: 'long', key: 'parent' });
    const parentRunId = await runOf(plane, parent);
    const { id } = await plane.submit({ ...request, parentRunId });
    expect((await plane.submit({ ...request, parentRunId: 'run-later' })).id).toBe(id);
    expect((await plane.submit(request)).id).toBe(id);
    end();
    await parent.outcome();
  });

  it('cannot have the conversation that its own run holds, and is told by whom', async () => {
    await using places = await makePlaces();
    const { adapter, end } = agents();
    await using plane = await openPlane(places, { adapters: [adapter] });
    const request = { prompt: 'quick', workspace: places.workspace };
    const before = await plane.submit(request);
    await before.outcome();
    const parent = await plane.submit({ ...request, prompt: 'long', continueOf: before.id });
    const parentRunId = await runOf(plane, parent);
    await expect(plane.submit({ ...request, continueOf: before.id, parentRunId })).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining(parent.id),
    });
    end();
    await parent.outcome();
  });

  it('is let through when its parent goes on after a crash', async () => {
    await using places = await makePlaces();
    const childOver = Promise.withResolvers<undefined>();
    const crash = Promise.withResolvers<undefined>();
    let runs = 0;
    const adapter = memoryRuntime({
      script: ({ text }) => {
        if (text.includes('quick')) return [{ do: 'say', text: 'done' }];
        runs += 1;
        if (runs === 1) return [{ do: 'gate', until: crash.promise }, { do: 'vanish' }];
        return [{ do: 'gate', until: childOver.promise }];
      },
    });
    const inner = fifo();
    let mayStart = (_taskId: string): boolean => true;
    const scheduler: Scheduler = { admit: (state, now) => inner.admit(state, now).filter((id) => mayStart(id)) };
    await using plane = await openPlane(places, { adapters: [adapter], scheduler });
    const request = { prompt: 'long', workspace: places.workspace, retry };
    const parent = await plane.submit(request);
    const parentRunId = await runOf(plane, parent);
    mayStart = () => false;
    const child = await plane.submit({ ...request, prompt: 'quick', parentRunId });
    crash.resolve(undefined);
    await seen(plane, parent.id, 'attempt.scheduled');
    // Whatever changes makes the plane ask the scheduler again.
    const allow = async (allowed: (id: string) => boolean) => {
      mayStart = allowed;
      await (await plane.submit({ prompt: 'quick', workspace: places.root })).cancel();
    };
    await allow((id) => id === child.id);
    await expect.poll(() => child.status()).toMatchObject({ waitingFor: { kind: 'workspace', taskId: parent.id } });
    await allow(() => true);
    expect(await child.outcome()).toEqual({ status: 'succeeded' });
    childOver.resolve(undefined);
    expect(await parent.outcome()).toEqual({ status: 'succeeded' });
  });

  it('goes on beside its parent under the next owner', async () => {
    await using places = await makePlaces();
    const { adapter, end } = agents();
    const adapters = [adapter];
    const first = await openPlane(places, { adapters, scheduler: fifo({ concurrency: 1 }) });
    const request = { prompt: 'long', workspace: places.workspace };
    const parent = await first.submit(request);
    const child = await first.submit({ ...request, parentRunId: await runOf(first, parent) });
    await runOf(first, child);
    await first.close();
    await using second = await openPlane(places, { adapters, scheduler: fifo({ concurrency: 1 }) });
    const parentRunId = await runOf(second, child);
    const grandchild = await second.submit({ ...request, prompt: 'quick', parentRunId });
    expect(await grandchild.outcome()).toEqual({ status: 'succeeded' });
    end();
    for (const { id } of [child, parent]) expect(await second.task(id).outcome()).toEqual({ status: 'succeeded' });
    expect(typesOf(await eventsOf(second, parent.id))).toContain('run.reattached');
  });

  it('goes on with its parent when both died while there was no owner', async () => {
    await using places = await makePlaces();
    const hangs = memoryRuntime({ script: () => [{ do: 'hang' }], capabilities: { resume: 'none' } });
    const first = await openPlane(places, { adapters: [hangs] });
    const request = { prompt: 'x', workspace: places.workspace, retry, recovery: 'restart' } as const;
    const parent = await first.submit(request);
    const parentRunId = await runOf(first, parent);
    const child = await first.submit({ ...request, parentRunId });
    const runIds = [parentRunId, await runOf(first, child)];
    await first.close();
    for (const runId of runIds) vanishMemoryRun({ runDir: join(places.dataDir, 'runs', runId) });
    const fine = memoryRuntime({ capabilities: { resume: 'none' } });
    await using second = await openPlane(places, { adapters: [fine] });
    for (const { id } of [parent, child]) expect(await second.task(id).outcome()).toEqual({ status: 'succeeded' });
  });
});

it('a stranger in the same workspace waits for the whole family', async () => {
  await using places = await makePlaces();
  const childOver = Promise.withResolvers<undefined>();
  const parentOver = Promise.withResolvers<undefined>();
  const adapter = memoryRuntime({
    script: ({ text }) => [{ do: 'gate', until: text.includes('child') ? childOver.promise : parentOver.promise }],
  });
  await using plane = await openPlane(places, { adapters: [adapter] });
  const request = { prompt: 'parent', workspace: places.workspace };
  const parent = await plane.submit(request);
  const child = await plane.submit({ ...request, prompt: 'child', parentRunId: await runOf(plane, parent) });
  await runOf(plane, child);
  const stranger = await plane.submit(request);
  await expect.poll(() => stranger.status()).toMatchObject({ waitingFor: { kind: 'workspace', taskId: parent.id } });
  parentOver.resolve(undefined);
  await parent.outcome();
  await expect.poll(() => stranger.status()).toMatchObject({ waitingFor: { kind: 'workspace', taskId: child.id } });
  childOver.resolve(undefined);
  expect(await stranger.outcome()).toEqual({ status: 'succeeded' });
});
