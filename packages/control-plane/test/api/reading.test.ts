import { memoryRuntime } from '@runtime/conformance/memory-runtime';
import type { CursoredEvent } from '@runtime/contracts';
import { describe, expect, it } from 'vitest';
import { makePlaces, openOverSocket, openPlane } from '../support/planes.ts';

const adapters = [memoryRuntime({ script: () => [{ do: 'say', text: 'hello' }] })];

async function all(events: AsyncIterable<CursoredEvent>): Promise<CursoredEvent[]> {
  const read: CursoredEvent[] = [];
  for await (const event of events) read.push(event);
  return read;
}

describe.each([
  ['in this process', openPlane],
  ['over the socket', openOverSocket],
] as const)('a host that looks, %s', (_way, open) => {
  it('reads the events of the types that it names alone, up to the end of the task', async () => {
    await using places = await makePlaces();
    await using plane = await open(places, { adapters });
    const task = await plane.submit({ prompt: 'go', workspace: places.workspace });
    const whole = await all(task.events());
    const some = await all(task.events({ types: ['message.*', 'run.started'] }));
    expect(some).toEqual(whole.filter(({ type }) => type.startsWith('message.') || type === 'run.started'));
    expect(some.map(({ type }) => type)).toContain('message.completed');
    const [first] = some;
    expect(await all(task.events({ types: ['message.*', 'run.started'], after: first!.cursor }))).toEqual(
      some.slice(1),
    );
    expect(await all(task.events({ types: ['no.such.type'] }))).toEqual([]);
    const ends = await all(plane.events({ types: ['task.ended'], follow: false }));
    expect(ends.map(({ stream }) => stream)).toEqual([`task/${task.id}`]);
    for (const types of [[], [''], Array.from({ length: 65 }, () => 'x')])
      await expect(all(task.events({ types }))).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  it('pages through the tasks, whatever is submitted meanwhile', async () => {
    await using places = await makePlaces();
    await using plane = await open(places, { adapters });
    const submit = () => plane.submit({ prompt: 'go', workspace: places.workspace, shareWorkspace: true });
    for (let n = 0; n < 7; n += 1) await submit();
    const ids = (await plane.tasks()).map(({ id }) => id);
    const paged: string[] = [];
    for (let after: string | undefined; ;) {
      const page = await plane.tasks({ limit: 3, ...(after === undefined ? {} : { after }) });
      if (page.length === 0) break;
      paged.push(...page.map(({ id }) => id));
      after = paged.at(-1);
      await submit();
    }
    expect(paged).toEqual(ids);
    await expect(plane.tasks({ after: 'task-nowhere' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('sees who submitted a task, and under which key', async () => {
    await using places = await makePlaces();
    await using plane = await open(places, { adapters });
    const { workspace } = places;
    const task = await plane.submit({ prompt: 'go', workspace, key: 'k', by: 'anna', labels: { team: 'x' } });
    expect(await task.status()).toMatchObject({ key: 'k', by: 'anna', labels: { team: 'x' } });
    await task.outcome();
    expect(await plane.tasks()).toMatchObject([{ key: 'k', by: 'anna' }]);
    // Whoever asks again with the key gets the task of the first.
    const again = await plane.submit({ prompt: 'go', workspace, key: 'k', by: 'bert', labels: { team: 'x' } });
    expect(again.id).toBe(task.id);
    const unnamed = await plane.submit({ prompt: 'go', workspace });
    expect(await unnamed.status()).toMatchObject({ by: 'api' });
    expect(await unnamed.status()).not.toHaveProperty('key');
    for (const by of ['plane', 'x'.repeat(201)])
      await expect(plane.submit({ prompt: 'go', workspace, by })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });
});
