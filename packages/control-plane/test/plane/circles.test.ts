import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { memoryRuntime, type MemoryStep } from '@runtime/conformance/memory-runtime';
import type { ControlPlane, SubmitRequest, TaskHandle } from '@runtime/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fifo } from '../../src/index.ts';
import { seen } from '../support/hostile.ts';
import { makePlaces, openOverSocket, openPlane, type Places } from '../support/planes.ts';

/** Agents that work until the test ends them by the first word of their prompts; `part` ends at once. */
function agents() {
  const ends = new Map<string, PromiseWithResolvers<undefined>>();
  const endOf = (name: string): PromiseWithResolvers<undefined> => {
    const found = ends.get(name) ?? Promise.withResolvers<undefined>();
    ends.set(name, found);
    return found;
  };
  const script = ({ text }: { readonly text: string }): MemoryStep[] => {
    const [name = ''] = text.split(' ');
    return name === 'part' ? [{ do: 'say', text: 'done' }] : [{ do: 'gate', until: endOf(name).promise }];
  };
  return { adapters: [memoryRuntime({ script })], end: (name: string) => endOf(name).resolve(undefined) };
}

interface Agent {
  readonly name: string;
  readonly task: TaskHandle;
  readonly runId: string;
}

/** What agents do with a plane, by hand. */
function actions(places: Places, plane: ControlPlane, end: (name: string) => void) {
  const workspace = async (name: string): Promise<string> => {
    const path = join(places.root, 'of', name);
    await mkdir(path, { recursive: true });
    return path;
  };
  const ask = async (prompt: string, place: string, more: Partial<SubmitRequest> = {}): Promise<TaskHandle> =>
    plane.submit({ prompt, workspace: await workspace(place), ...more });
  const runIdOf = async ({ id }: TaskHandle): Promise<string> =>
    String((await seen(plane, id, 'turn.started'))['runId']);
  return {
    ask,
    /** An agent at work in a directory of its own name. */
    agent: async (name: string, more: Partial<SubmitRequest> = {}): Promise<Agent> => {
      const task = await ask(name, name, more);
      return { name, task, runId: await runIdOf(task) };
    },
    delegate: ({ runId }: Agent, place: string, more: Partial<SubmitRequest> = {}): Promise<TaskHandle> =>
      ask('part', place, { parentRunId: runId, ...more }),
    /** As `runtime wait`: the agent does nothing else until the task has ended, and then ends. */
    waitFor: async ({ name, runId }: Agent, task: TaskHandle) => {
      const outcome = await task.outcome({ waitingRunId: runId });
      end(name);
      return outcome;
    },
    /** As `runtime run` watches. */
    follow: async ({ name, runId }: Agent, task: TaskHandle) => {
      let last: string | undefined;
      for await (const { type } of task.events({ waitingRunId: runId })) last = type;
      end(name);
      return last;
    },
  };
}

const succeeded = { status: 'succeeded' };
const isHeldBy = (task: TaskHandle, holder: TaskHandle, kind = 'workspace') =>
  expect.poll(() => task.status()).toMatchObject({ status: 'queued', waitingFor: { kind, taskId: holder.id } });

describe.each([
  ['in this process', openPlane],
  ['over the socket', openOverSocket],
] as const)('agents that wait for tasks in one another’s workspaces, %s', (_where, open) => {
  it.each([2, 3])('get what they wait for, in a ring of %d', async (size) => {
    await using places = await makePlaces();
    const { adapters, end } = agents();
    await using plane = await open(places, { adapters });
    const { agent, delegate, waitFor, follow } = actions(places, plane, end);
    const ring: Agent[] = [];
    for (let index = 0; index < size; index += 1) ring.push(await agent(`agent${index}`));
    const parts: TaskHandle[] = [];
    for (const [index, each] of ring.entries()) parts.push(await delegate(each, `agent${(index + 1) % size}`));
    for (const [index, part] of parts.entries()) await isHeldBy(part, ring[(index + 1) % size]!.task);
    const waits = ring.map((each, index) => (index === 0 ? follow : waitFor)(each, parts[index]!));
    expect(await Promise.all(waits)).toEqual(['task.ended', ...Array.from({ length: size - 1 }, () => succeeded)]);
    for (const { task } of ring) expect(await task.outcome()).toEqual(succeeded);
  });

  it('get what they wait for, also when they wait before it is asked for', async () => {
    await using places = await makePlaces();
    const { adapters, end } = agents();
    await using plane = await open(places, { adapters });
    const { agent, delegate, waitFor } = actions(places, plane, end);
    const ring = [await agent('a'), await agent('b')] as const;
    const waits = ring.map(async (each, index) => waitFor(each, await delegate(each, index === 0 ? 'b' : 'a')));
    expect(await Promise.all(waits)).toEqual([succeeded, succeeded]);
  });
});

it('agents get all that they wait for, in whose workspaces ever that is done', async () => {
  const wishes = fc
    .integer({ min: 2, max: 4 })
    .chain((size) =>
      fc.array(fc.array(fc.nat(size - 1), { minLength: 1, maxLength: 2 }), { minLength: size, maxLength: size }),
    );
  await fc.assert(
    fc.asyncProperty(wishes, async (wished) => {
      await using places = await makePlaces();
      const { adapters, end } = agents();
      await using plane = await openPlane(places, { adapters, scheduler: fifo({ concurrency: wished.length }) });
      const { agent, delegate } = actions(places, plane, end);
      const all = await Promise.all(wished.map((_, index) => agent(`agent${index}`)));
      const works = all.map(async (each, index) => {
        const parts = await Promise.all((wished[index] ?? []).map((to) => delegate(each, `agent${to}`)));
        const outcomes = await Promise.all(parts.map((part) => part.outcome({ waitingRunId: each.runId })));
        end(each.name);
        return outcomes.every(({ status }) => status === 'succeeded');
      });
      expect(await Promise.all(works)).not.toContain(false);
    }),
    { numRuns: 12 },
  );
});

describe('a circle of waits', () => {
  it('is only possible while agents may go on without: everybody keeps what is theirs, and it is said', async () => {
    await using places = await makePlaces();
    const { adapters, end } = agents();
    await using plane = await openPlane(places, { adapters });
    const { agent, delegate } = actions(places, plane, end);
    const [a, b] = [await agent('a'), await agent('b')];
    const ofA = await delegate(a, 'b');
    await isHeldBy(ofA, b.task);
    expect((await ofA.status()).waitingFor?.text).not.toContain('may wait for');
    const ofB = await delegate(b, 'a');
    await isHeldBy(ofB, a.task);
    const text = [
      `task ${ofA.id} needs the workspace of ${b.task.id}`,
      `which may wait for ${ofB.id}`,
      `which needs the workspace of ${a.task.id}`,
      `which may wait for ${ofA.id}`,
    ].join(', ');
    expect((await ofA.status()).waitingFor?.text).toContain(text);
    const listed = await plane.tasks({ status: ['queued'] });
    expect(listed.map(({ waitingFor }) => waitingFor?.text)).toEqual(
      [ofB, ofA].map(({ id }) => expect.stringMatching(new RegExp(`which may wait for ${id}\\. Unless`))),
    );
    end('b');
    expect(await ofA.outcome()).toEqual(succeeded);
    end('a');
    expect(await ofB.outcome()).toEqual(succeeded);
  });

  it('is none while one of its agents waits for a task at work as well, and is opened when that has ended', async () => {
    await using places = await makePlaces();
    const { adapters, end } = agents();
    await using plane = await openPlane(places, { adapters });
    const { agent, ask, delegate, waitFor } = actions(places, plane, end);
    const [a, b] = [await agent('a'), await agent('b')];
    const [ofA, ofB] = [await delegate(a, 'b'), await delegate(b, 'a')];
    const busy = await ask('busy', 'elsewhere', { parentRunId: a.runId });
    await seen(plane, busy.id, 'turn.started');
    const both = Promise.all([ofA, busy].map((task) => task.outcome({ waitingRunId: a.runId })));
    const other = waitFor(b, ofB);
    for (const [task, holder] of [
      [ofA, b],
      [ofB, a],
    ] as const) {
      await isHeldBy(task, holder.task);
      expect((await task.status()).waitingFor?.text).not.toContain('circle');
    }
    end('busy');
    expect(await both).toEqual([succeeded, succeeded]);
    end('a');
    expect(await other).toEqual(succeeded);
  });

  it('is opened over places, too, where agents wait for tasks that are not of their runs', async () => {
    await using places = await makePlaces();
    const { adapters, end } = agents();
    await using plane = await openPlane(places, { adapters, scheduler: fifo({ concurrency: 1 }) });
    const { agent, ask, waitFor } = actions(places, plane, end);
    const a = await agent('a');
    const stranger = await ask('part', 'elsewhere');
    await isHeldBy(stranger, a.task, 'concurrency');
    expect(await waitFor(a, stranger)).toEqual(succeeded);
    expect(await a.task.outcome()).toEqual(succeeded);
  });

  it('is opened where a task waits for the workspace of the agent that waits for it', async () => {
    await using places = await makePlaces();
    const { adapters, end } = agents();
    await using plane = await openPlane(places, { adapters });
    const { agent, ask, waitFor } = actions(places, plane, end);
    const a = await agent('a');
    const stranger = await ask('part', 'a');
    await isHeldBy(stranger, a.task);
    expect(await waitFor(a, stranger)).toEqual(succeeded);
  });

  it('is opened over workspaces and places together', async () => {
    await using places = await makePlaces();
    const { adapters, end } = agents();
    await using plane = await openPlane(places, { adapters, scheduler: fifo({ concurrency: 2 }) });
    const { agent, ask, delegate, waitFor } = actions(places, plane, end);
    const [a, b] = [await agent('a'), await agent('b')];
    const below = await ask('below', 'elsewhere', { parentRunId: a.runId });
    const belowA: Agent = {
      name: 'below',
      task: below,
      runId: String((await seen(plane, below.id, 'turn.started'))['runId']),
    };
    const withoutPlace = await delegate(b, 'c');
    await expect.poll(() => withoutPlace.status()).toMatchObject({ waitingFor: { kind: 'concurrency' } });
    const withoutWorkspace = await delegate(belowA, 'b');
    await isHeldBy(withoutWorkspace, b.task);
    const waits = [waitFor(a, below), waitFor(belowA, withoutWorkspace), waitFor(b, withoutPlace)];
    expect(await Promise.all(waits)).toEqual([succeeded, succeeded, succeeded]);
  });

  it('ends the wait that closes it, and no task, where only conversations are waited for', async () => {
    await using places = await makePlaces();
    const { adapters, end } = agents();
    await using plane = await openPlane(places, { adapters });
    const { agent, ask, delegate, waitFor } = actions(places, plane, end);
    const earlier = [await ask('part', 'a'), await ask('part', 'b')] as const;
    for (const each of earlier) await each.outcome();
    const a = await agent('a', { continueOf: earlier[0].id });
    const b = await agent('b', { continueOf: earlier[1].id });
    const ofA = await delegate(a, 'c', { continueOf: earlier[1].id });
    await isHeldBy(ofA, b.task, 'session');
    const first = waitFor(a, ofA);
    const ofB = await delegate(b, 'd', { continueOf: earlier[0].id });
    await isHeldBy(ofB, a.task, 'session');
    await expect(waitFor(b, ofB)).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining(`${ofB.id} needs the conversation of ${a.task.id}, which waits for ${ofA.id}`),
      hint: expect.stringContaining(ofB.id),
    });
    end('b');
    expect(await first).toEqual(succeeded);
    expect(await ofB.outcome()).toEqual(succeeded);
  });

  it('ends the wait that closes it, and no task, where agents wait for one another', async () => {
    await using places = await makePlaces();
    const { adapters, end } = agents();
    await using plane = await openPlane(places, { adapters });
    const { agent, follow, waitFor } = actions(places, plane, end);
    const [a, b] = [await agent('a'), await agent('b')];
    const first = waitFor(a, b.task);
    await expect(follow(b, a.task)).rejects.toMatchObject({ code: 'CONFLICT', details: { taskId: a.task.id } });
    await expect(follow(b, b.task)).rejects.toMatchObject({ code: 'CONFLICT' });
    end('b');
    expect(await first).toEqual(succeeded);
    expect(await a.task.outcome()).toEqual(succeeded);
  });

  it('is found again by the next owner', async () => {
    await using places = await makePlaces();
    const { adapters, end } = agents();
    const first = await openPlane(places, { adapters });
    const before = actions(places, first, end);
    const [a, b] = [await before.agent('a'), await before.agent('b')];
    const [ofA, ofB] = [await before.delegate(a, 'b'), await before.delegate(b, 'a')];
    await isHeldBy(ofA, b.task);
    const lost = expect(ofA.outcome({ waitingRunId: a.runId })).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await first.close();
    await lost;
    await using second = await openPlane(places, { adapters });
    const { waitFor } = actions(places, second, end);
    await expect
      .poll(async () => (await second.task(ofA.id).status()).waitingFor?.text)
      .toContain(`which may wait for ${ofA.id}`);
    const waits = [waitFor(a, second.task(ofA.id)), waitFor(b, second.task(ofB.id))];
    expect(await Promise.all(waits)).toEqual([succeeded, succeeded]);
  });
});
