import { memoryRuntime } from '@runtime/conformance/memory-runtime';
import { expect, it } from 'vitest';
import { eventsOf, expectSoundLog, expectSoundStream, typesOf, makePlaces, type OpenPlane } from '../planes.ts';

export function endingCases(openPlane: OpenPlane): void {
  it('a task runs on a runtime, streams what the agent says, and ends once', async () => {
    await using places = await makePlaces();
    await using plane = await openPlane(places, {
      adapters: [memoryRuntime({ script: () => [{ do: 'say', text: ['hel', 'lo'] }] })],
    });
    const task = await plane.submit({ prompt: 'greet', workspace: places.workspace });
    let text = '';
    for await (const event of task.events()) if (event.type === 'text.delta') text += event.text;
    expect(text).toBe('hello');
    expect(await task.outcome()).toEqual({ status: 'succeeded' });
    const events = await eventsOf(plane, task.id);
    expectSoundStream(events);
    expect(typesOf(events).filter((type) => type.startsWith('run.'))).toEqual([
      'run.starting',
      'run.started',
      'run.stopping',
      'run.ended',
    ]);
    expect((await task.status()).status).toBe('succeeded');
    await expectSoundLog(places);
  });

  it('a task is cancelled by intent, for good, and again without harm', async () => {
    await using places = await makePlaces();
    await using plane = await openPlane(places, {
      adapters: [memoryRuntime({ script: () => [{ do: 'say', text: 'x' }, { do: 'hang' }] })],
    });
    const task = await plane.submit({ prompt: 'go', workspace: places.workspace });
    for await (const event of task.events()) if (event.type === 'text.delta') break;
    await Promise.all([task.cancel({ why: 'enough' }), task.cancel()]);
    expect(await task.outcome()).toEqual({ status: 'cancelled' });
    expectSoundStream(await eventsOf(plane, task.id));
    await task.cancel();
    expectSoundStream(await eventsOf(plane, task.id));
  });

  it.each([
    ['lossless', 'runtime run --continue'],
    ['none', 'runtime requeue'],
  ] as const)(
    'an ended task (resume: %s) refuses what comes too late, and says what helps',
    async (resume, follows) => {
      await using places = await makePlaces();
      await using plane = await openPlane(places, { adapters: [memoryRuntime({ capabilities: { resume } })] });
      const task = await plane.submit({ prompt: 'go', workspace: places.workspace });
      await task.outcome();
      const conflict = (part: string) => ({ code: 'CONFLICT', hint: expect.stringContaining(part) as string });
      await expect(task.cancel()).rejects.toMatchObject(conflict(`runtime status ${task.id}`));
      await expect(task.interrupt()).rejects.toMatchObject(conflict(`runtime status ${task.id}`));
      await expect(task.followUp('more')).rejects.toMatchObject(conflict(follows));
    },
  );

  it.each([
    ['deadlineMs', { status: 'timed_out', code: 'timeout' }],
    ['runTimeoutMs', { status: 'timed_out', code: 'timeout' }],
    ['idleTimeoutMs', { status: 'timed_out', code: 'timeout' }],
  ])('a task ends by its %s', async (clock, outcome) => {
    await using places = await makePlaces();
    await using plane = await openPlane(places, {
      adapters: [memoryRuntime({ script: () => [{ do: 'say', text: 'x' }, { do: 'hang' }] })],
    });
    const task = await plane.submit({ prompt: 'go', workspace: places.workspace, [clock]: 150 });
    expect(await task.outcome()).toMatchObject(outcome);
    expectSoundStream(await eventsOf(plane, task.id));
  });

  it('a task is ended when its output exceeds the limit', async () => {
    await using places = await makePlaces();
    await using plane = await openPlane(places, {
      adapters: [
        memoryRuntime({
          script: () => [{ do: 'say', text: 'x'.repeat(3000) }, { do: 'say', text: 'y'.repeat(3000) }, { do: 'hang' }],
        }),
      ],
    });
    const task = await plane.submit({ prompt: 'go', workspace: places.workspace, maxOutputBytes: 4000 });
    expect(await task.outcome()).toMatchObject({ status: 'failed', code: 'output_limit' });
  });
}
