import { memoryRuntime } from '@runtime/conformance/memory-runtime';
import type { SubmitRequest } from '@runtime/contracts';
import { expect, it } from 'vitest';
import { fifo } from '../../../src/index.ts';
import { eventsOf, typesOf, makePlaces, type OpenPlane } from '../planes.ts';

export function submitCases(openPlane: OpenPlane): void {
  it('a task that is submitted twice with one key is one task, and with other content a conflict', async () => {
    await using places = await makePlaces();
    await using plane = await openPlane(places, { adapters: [memoryRuntime()] });
    const request = { prompt: 'once', workspace: places.workspace, key: 'k1' };
    const [first, second] = await Promise.all([plane.submit(request), plane.submit(request)]);
    expect(second.id).toBe(first.id);
    await first.outcome();
    expect((await plane.submit(request)).id).toBe(first.id);
    await expect(plane.submit({ ...request, prompt: 'other' })).rejects.toMatchObject({ code: 'CONFLICT' });
  });

  it.each([
    ['an empty prompt', { prompt: '   ' }, 'INVALID_ARGUMENT'],
    ['a 10 MB prompt', { prompt: 'x'.repeat(10_000_000) }, 'INVALID_ARGUMENT'],
    ['an unknown runtime', { prompt: 'x', runtimes: ['nope'] }, 'NOT_FOUND'],
    ['a missing workspace', { prompt: 'x', workspace: '/nowhere/at/all' }, 'INVALID_ARGUMENT'],
    ['a workspace that is a number', { prompt: 'x', workspace: 5 }, 'INVALID_ARGUMENT'],
    ['a workspace that is null', { prompt: 'x', workspace: null }, 'INVALID_ARGUMENT'],
    ['a workspace without a name', { prompt: 'x', workspace: '' }, 'INVALID_ARGUMENT'],
    ['a relative file of variables', { prompt: 'x', env: { file: 'secrets.env' } }, 'INVALID_ARGUMENT'],
    ['a value with a NUL', { prompt: 'x', env: { set: { A: 'a\0b' } } }, 'INVALID_ARGUMENT'],
    ['an unknown field', { prompt: 'x', colour: 'red' }, 'INVALID_ARGUMENT'],
  ])('a task is not made of %s', async (_what, request, code) => {
    await using places = await makePlaces();
    await using plane = await openPlane(places, { adapters: [memoryRuntime()] });
    await expect(plane.submit({ workspace: places.workspace, ...request } as SubmitRequest)).rejects.toMatchObject({
      code,
    });
    expect(await plane.tasks()).toEqual([]);
  });

  it('a task does not share its workspace unless both say so', async () => {
    await using places = await makePlaces();
    await using plane = await openPlane(places, {
      adapters: [memoryRuntime({ script: ({ text }) => (text === 'a' ? [{ do: 'hang' }] : []) })],
    });
    const first = await plane.submit({ prompt: 'a', workspace: places.workspace });
    for await (const event of first.events()) if (event.type === 'turn.started') break;
    const second = await plane.submit({ prompt: 'b', workspace: places.workspace });
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect((await second.status()).status).toBe('queued');
    await first.cancel();
    expect(await second.outcome()).toEqual({ status: 'succeeded' });
  });

  it('a task is cancelled before it starts when its turn has not come', async () => {
    await using places = await makePlaces();
    await using plane = await openPlane(places, {
      adapters: [memoryRuntime({ script: () => [{ do: 'hang' }] })],
      scheduler: fifo({ concurrency: 1 }),
    });
    const first = await plane.submit({ prompt: 'a', workspace: places.workspace, shareWorkspace: true });
    const second = await plane.submit({ prompt: 'b', workspace: places.workspace, shareWorkspace: true });
    for await (const event of first.events()) if (event.type === 'turn.started') break;
    expect((await second.status()).status).toBe('queued');
    await second.cancel();
    expect(await second.outcome()).toEqual({ status: 'cancelled' });
    expect(typesOf(await eventsOf(plane, second.id))).not.toContain('run.starting');
    await first.cancel();
    await first.outcome();
  });
}
