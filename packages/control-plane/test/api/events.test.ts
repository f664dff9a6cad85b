import { memoryRuntime } from '@runtime/conformance/memory-runtime';
import type { TaskHandle, TaskStreamEvent } from '@runtime/contracts';
import { formatCursor, parseCursor } from '@runtime/contracts/log';
import { describe, expect, it } from 'vitest';
import { makePlaces, openOverSocket, openPlane } from '../support/planes.ts';

const words = ['a', 'b', 'c', 'd', 'e', 'f'];
const talking = () => memoryRuntime({ script: () => words.map((text) => ({ do: 'say', text })) });
const collect = async (
  task: TaskHandle,
  options: Parameters<TaskHandle['events']>[0] = {},
): Promise<TaskStreamEvent[]> => {
  const events: TaskStreamEvent[] = [];
  for await (const event of task.events(options)) events.push(event);
  return events;
};
/** Waits for nothing: a reader that should end and does not fails the test by its time limit. */
const ways = [
  ['in this process', openPlane],
  ['over the socket', openOverSocket],
] as const;

describe.each(ways)('the events of a task, %s', (_way, open) => {
  it('are the same from every cursor on, whether the task runs or is over', async () => {
    await using places = await makePlaces();
    await using plane = await open(places, { adapters: [talking()] });
    const task = await plane.submit({ prompt: 'go', workspace: places.workspace });
    const live = await collect(task);
    expect(live.at(-1)?.type).toBe('task.ended');
    expect(await collect(task)).toEqual(live);
    for (const [index, { cursor }] of live.entries()) {
      expect(await collect(task, { after: cursor })).toEqual(live.slice(index + 1));
    }
  });

  it('are read by two at their own pace, each of them whole', async () => {
    await using places = await makePlaces();
    await using plane = await open(places, { adapters: [talking()] });
    const task = await plane.submit({ prompt: 'go', workspace: places.workspace });
    const slowly: TaskStreamEvent[] = [];
    const slow = (async () => {
      for await (const event of task.events()) {
        slowly.push(event);
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
    })();
    const quickly = await collect(task);
    await slow;
    expect(slowly).toEqual(quickly);
  });

  it('end at once for a reader that stands behind the end, or asks for what is to come of what is over', async () => {
    await using places = await makePlaces();
    await using plane = await open(places, { adapters: [talking()] });
    const task = await plane.submit({ prompt: 'go', workspace: places.workspace });
    await task.outcome();
    const last = (await collect(task)).at(-1)!;
    expect(await collect(task, { after: last.cursor })).toEqual([]);
    expect(await collect(task, { after: 'now' })).toEqual([]);
  });

  it('begin with what is to come, after now', async () => {
    await using places = await makePlaces();
    const { promise: until, resolve: go } = Promise.withResolvers<void>();
    await using plane = await open(places, {
      adapters: [
        memoryRuntime({
          script: () => [
            { do: 'say', text: 'before' },
            { do: 'gate', until },
            { do: 'say', text: 'after' },
          ],
        }),
      ],
    });
    const task = await plane.submit({ prompt: 'go', workspace: places.workspace });
    for await (const event of task.events()) if (event.type === 'message.completed') break;
    const reader = task.events({ after: 'now' })[Symbol.asyncIterator]();
    const first = reader.next();
    await task.status();
    setTimeout(go, 30);
    expect((await first).value).toMatchObject({ type: 'text.delta', text: 'after' });
    await reader.return?.();
    await task.outcome();
  });

  it('let go of the reader who breaks off or is aborted, and of nothing else', async () => {
    await using places = await makePlaces();
    await using plane = await open(places, {
      adapters: [
        memoryRuntime({ script: () => [{ do: 'say', text: 'x' }, { do: 'listen' }, { do: 'say', text: 'y' }] }),
      ],
    });
    const task = await plane.submit({ prompt: 'go', workspace: places.workspace });
    for await (const event of task.events()) if (event.type === 'message.completed') break;
    const controller = new AbortController();
    const aborted = collect(task, { signal: controller.signal });
    await task.status();
    controller.abort();
    // Ended, not thrown.
    expect((await aborted).some(({ type }) => type === 'task.ended')).toBe(false);
    expect(await collect(task, { signal: AbortSignal.abort() })).toEqual([]);
    expect((await task.status()).status).toBe('running');
    await task.steer('go on');
    expect(await task.outcome()).toEqual({ status: 'succeeded' });
  });

  it('stop at what there is when they are not to be followed', async () => {
    await using places = await makePlaces();
    await using plane = await open(places, {
      adapters: [memoryRuntime({ script: () => [{ do: 'say', text: 'x' }, { do: 'hang' }] })],
    });
    const task = await plane.submit({ prompt: 'go', workspace: places.workspace });
    for await (const event of task.events()) if (event.type === 'message.completed') break;
    expect((await collect(task, { follow: false })).at(-1)?.type).not.toBe('task.ended');
    await task.cancel();
    await task.outcome();
  });

  it('refuse a cursor of another log, of the future, and one that is none', async () => {
    await using places = await makePlaces();
    await using plane = await open(places, { adapters: [talking()] });
    const task = await plane.submit({ prompt: 'go', workspace: places.workspace });
    await task.outcome();
    const parts = parseCursor((await collect(task)).at(-1)!.cursor);
    const foreign = formatCursor({ ...parts, logId: 'another' });
    const future = formatCursor({ ...parts, position: parts.position + 1000 });
    await expect(collect(task, { after: foreign })).rejects.toMatchObject({
      code: 'NOT_FOUND',
      details: { reason: 'foreign', nearest: expect.stringMatching(/^c1\./) },
    });
    await expect(collect(task, { after: future })).rejects.toMatchObject({
      code: 'NOT_FOUND',
      details: { reason: 'future', nearest: expect.stringMatching(/^c1\./) },
    });
    await expect(collect(task, { after: 'yesterday' })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await expect(collect(plane.task('task-nowhere'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(collect(plane.task('../..'))).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  it('come large and many without harm', async () => {
    await using places = await makePlaces();
    const large = 'é'.repeat(200_000);
    await using plane = await open(places, {
      adapters: [
        memoryRuntime({ script: () => Array.from({ length: 12 }, () => ({ do: 'say', text: large }) as const) }),
      ],
    });
    const task = await plane.submit({ prompt: 'go', workspace: places.workspace });
    const events = await collect(task);
    expect(events.filter((event) => event.type === 'message.completed' && event.text === large)).toHaveLength(12);
  });
});

describe.each(ways)('an observer, %s', (_way, open) => {
  it('hears of the end of tasks, also after the last one left and somebody came again', async () => {
    await using places = await makePlaces();
    await using plane = await open(places, { adapters: [talking()] });
    const heard: string[] = [];
    const listener = (name: string) => (event: { taskId: string }) => heard.push(`${name} ${event.taskId}`);
    const [first, second] = [listener('first'), listener('second')];
    const run = async (): Promise<string> => {
      // Over a socket it takes a moment until somebody listens.
      await plane.info();
      await new Promise((resolve) => setTimeout(resolve, 30));
      const task = await plane.submit({ prompt: 'go', workspace: places.workspace });
      await task.outcome();
      return task.id;
    };
    plane.on('task.ended', first).on('task.ended', second);
    const one = await run();
    await expect.poll(() => heard).toEqual([`first ${one}`, `second ${one}`]);
    plane.off('task.ended', first).off('task.ended', second);
    await run();
    plane.on('task.ended', second);
    const three = await run();
    await expect.poll(() => heard).toEqual([`first ${one}`, `second ${one}`, `second ${three}`]);
    plane.off('task.ended', second);
  });

  it('that throws does not deafen the others', async () => {
    await using places = await makePlaces();
    await using plane = await open(places, { adapters: [talking()] });
    const warnings: string[] = [];
    const warned = (warning: Error): void => void warnings.push(warning.message);
    process.on('warning', warned);
    const heard: string[] = [];
    plane.on('event', ({ type }) => {
      if (type === 'run.starting') throw new Error('clumsy');
    });
    plane.on('task.ended', ({ outcome }) => heard.push(outcome.status));
    await new Promise((resolve) => setTimeout(resolve, 30));
    const task = await plane.submit({ prompt: 'go', workspace: places.workspace });
    await task.outcome();
    await expect.poll(() => heard).toEqual(['succeeded']);
    process.off('warning', warned);
    expect(warnings.filter((text) => text.includes('clumsy'))).toHaveLength(1);
  });

  it('hears everything that becomes visible', async () => {
    await using places = await makePlaces();
    await using plane = await open(places, { adapters: [talking()] });
    const heard: string[] = [];
    plane.on('event', ({ type }) => heard.push(type));
    await new Promise((resolve) => setTimeout(resolve, 30));
    const task = await plane.submit({ prompt: 'go', workspace: places.workspace });
    const types = (await collect(task)).map(({ type }) => type);
    await expect.poll(() => heard).toEqual(types);
  });
});
