import { memoryRuntime } from '@runtime/conformance/memory-runtime';
import { AgentRuntimeError, type ControlPlane } from '@runtime/contracts';
import { describe, expect, it } from 'vitest';
import { answers } from '../../src/client/answers.ts';
import { PlaneClient } from '../../src/client/plane-client.ts';
import type { Channel } from '../../src/client/channel.ts';
import { connectControlPlane, socketPath } from '../../src/index.ts';
import { FollowingChannel } from '../../src/open/following-channel.ts';
import { SocketChannel } from '../../src/socket/socket-channel.ts';
import { eventsOf, makePlaces, openPlane, type Places } from '../support/planes.ts';

const patient = { waitMs: 30_000 };

const ways: readonly [way: string, connect: (places: Places) => Promise<ControlPlane>][] = [
  ['in the process of the owners', ({ dataDir }) => connectControlPlane({ dataDir, ...patient })],
  [
    'over the socket',
    async ({ dataDir }) => {
      const connect = async (): Promise<Channel> => SocketChannel.connect(await socketPath(dataDir));
      return new PlaneClient(await FollowingChannel.open({ connect, ...patient }), answers);
    },
  ],
];

describe.each(ways)('a client that follows the owner, %s', (_, connect) => {
  it('reads on, waits on and asks on at the next owner, and notices nothing', async () => {
    await using places = await makePlaces();
    const gate = Promise.withResolvers<void>();
    const adapter = memoryRuntime({
      script: () => [
        { do: 'say', text: 'before' },
        { do: 'gate', until: gate.promise },
        { do: 'say', text: 'after' },
      ],
    });
    const first = await openPlane(places, { adapters: [adapter], listen: true });
    await using client = await connect(places);
    const task = await client.submit({ prompt: 'go', workspace: places.workspace });
    const spoken = Promise.withResolvers<void>();
    const reading = (async () => {
      const cursors: string[] = [];
      for await (const { type, cursor } of task.events()) {
        cursors.push(cursor);
        if (type === 'message.completed') spoken.resolve();
      }
      return cursors;
    })();
    const outcome = task.outcome();
    await spoken.promise;
    await first.close();
    // Asked while nobody owns the directory.
    const late = client.submit({ prompt: 'more', workspace: places.workspace, key: 'once' });
    const listed = client.tasks();
    await using next = await openPlane(places, { adapters: [adapter], listen: true });
    expect((await listed).map(({ id }) => id)).toContain(task.id);
    gate.resolve();
    expect(await outcome).toEqual({ status: 'succeeded' });
    expect(await reading).toEqual((await eventsOf(next, task.id)).map((event) => event['cursor']));
    expect(await (await late).outcome()).toEqual({ status: 'succeeded' });
    expect(await client.tasks()).toHaveLength(2);
    expect((await client.info()).epoch).toBe((await next.info()).epoch);
  });
});

/** An owner that dies of its first call, and one that answers. */
function dying(error: AgentRuntimeError): { readonly calls: string[]; readonly connect: () => Promise<Channel> } {
  const calls: string[] = [];
  let owners = 0;
  const owner = (number: number): Channel => ({
    lost: new Promise(() => undefined),
    call: async (method) => {
      calls.push(`${method} at ${number}`);
      if (number === 1) throw error;
      return null;
    },
    stream: () => {
      throw new Error('nothing is read');
    },
    close: () => Promise.resolve(),
  });
  return { calls, connect: async () => owner((owners += 1)) };
}

const gone = new AgentRuntimeError('UNAVAILABLE', 'gone', { details: { gone: true } });

describe('a call under which the owner goes away', () => {
  it.each([
    ['task.status', {}],
    ['task.cancel', {}],
    ['task.answer', {}],
    ['submit', { key: 'k' }],
    ['task.send', { key: 'k' }],
  ])('is repeated at the next one: %s with %j', async (method, params) => {
    const owners = dying(gone);
    const channel = await FollowingChannel.open({ connect: owners.connect, ...patient });
    expect(await channel.call(method, params)).toBeNull();
    expect(owners.calls).toEqual([`${method} at 1`, `${method} at 2`]);
  });

  it.each(['submit', 'task.send', 'task.interrupt', 'leave'])(
    'is OUTCOME_UNKNOWN and not repeated where that could do it twice: %s',
    async (method) => {
      const owners = dying(gone);
      const channel = await FollowingChannel.open({ connect: owners.connect, ...patient });
      await expect(channel.call(method, {})).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN', cause: gone });
      expect(owners.calls).toEqual([`${method} at 1`]);
      expect(await channel.call('task.status', {})).toBeNull();
    },
  );

  it('has the error of an owner that lives as it is', async () => {
    const owners = dying(new AgentRuntimeError('UNAVAILABLE', 'the runtime is not there'));
    const channel = await FollowingChannel.open({ connect: owners.connect, ...patient });
    await expect(channel.call('task.status', {})).rejects.toThrow('the runtime is not there');
    expect(owners.calls).toHaveLength(1);
  });
});

describe('a client that waits for an owner', () => {
  it('waits for the first one', async () => {
    await using places = await makePlaces();
    const connecting = connectControlPlane({ dataDir: places.dataDir, ...patient });
    await using owner = await openPlane(places, { adapters: [memoryRuntime()] });
    await using client = await connecting;
    expect(await client.info()).toEqual(await owner.info());
  });

  it('says that it is closed once no other one came in time', async () => {
    await using places = await makePlaces();
    const owner = await openPlane(places, { adapters: [memoryRuntime({ script: () => [{ do: 'hang' }] })] });
    await using client = await connectControlPlane({ dataDir: places.dataDir, waitMs: 200 });
    const { id } = await client.submit({ prompt: 'go', workspace: places.workspace });
    const refused = expect(client.task(id).outcome()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await owner.close();
    await refused;
    expect(await client.closed).toMatchObject({ code: 'UNAVAILABLE', hint: expect.any(String) });
    await expect(client.tasks()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });

  it('waits no longer than it may, nor when it is told to stop', async () => {
    await using places = await makePlaces();
    const { dataDir } = places;
    await expect(connectControlPlane({ dataDir, waitMs: 50 })).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    const signal = AbortSignal.timeout(50);
    await expect(connectControlPlane({ dataDir, ...patient, signal })).rejects.toMatchObject({
      code: 'DEADLINE_EXCEEDED',
    });
    for (const waitMs of [-1, Number.NaN, Infinity]) {
      await expect(connectControlPlane({ dataDir, waitMs })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    }
  });

  it('ends what waits when it is closed', async () => {
    await using places = await makePlaces();
    const owner = await openPlane(places, { adapters: [memoryRuntime({ script: () => [{ do: 'hang' }] })] });
    const client = await connectControlPlane({ dataDir: places.dataDir, ...patient });
    const { id } = await client.submit({ prompt: 'go', workspace: places.workspace });
    await owner.close();
    const waiting = Promise.allSettled([client.task(id).outcome(), client.tasks()]);
    await client.close();
    expect(await waiting).toMatchObject([{ status: 'rejected' }, { status: 'rejected' }]);
    expect(await client.closed).toBeUndefined();
  });
});

describe('an owner that waits for the lock', () => {
  it('is the next one once the owner before has left', async () => {
    await using places = await makePlaces();
    const first = await openPlane(places, { adapters: [memoryRuntime()] });
    await expect(openPlane(places, { adapters: [] })).rejects.toMatchObject({ code: 'CONFLICT' });
    const opening = openPlane(places, { adapters: [memoryRuntime()], lockWaitMs: 30_000 });
    const { epoch } = await first.info();
    await first.close();
    await using next = await opening;
    expect((await next.info()).epoch).toBeGreaterThan(epoch);
  });

  it('waits no longer than it may', async () => {
    await using places = await makePlaces();
    await using _first = await openPlane(places, { adapters: [memoryRuntime()] });
    await expect(openPlane(places, { adapters: [], lockWaitMs: 150 })).rejects.toMatchObject({ code: 'CONFLICT' });
  });
});
