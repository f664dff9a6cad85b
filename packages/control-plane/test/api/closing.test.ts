import { memoryRuntime } from '@runtime/conformance/memory-runtime';
import type { ControlPlane } from '@runtime/contracts';
import { describe, expect, it } from 'vitest';
import { connectControlPlane, openReadOnlyPlane } from '../../src/index.ts';
import { seen } from '../support/hostile.ts';
import { makePlaces, openOverSocket, openPlane, socketClient, type Places } from '../support/planes.ts';

const hanging = () => memoryRuntime({ script: () => [{ do: 'hang' }] });

interface Way {
  readonly plane: ControlPlane;
  /** Closes what is waited at. */
  close(): Promise<void>;
}

/** A plane to wait at, over a data directory whose owner lives. */
const ways: readonly [way: string, open: (owner: ControlPlane, places: Places) => Promise<Way>][] = [
  ['in the process of its owner', async (owner) => ({ plane: owner, close: () => owner.close() })],
  [
    'at a second client in the process of its owner',
    async (owner, { dataDir }) => ({ plane: await connectControlPlane({ dataDir }), close: () => owner.close() }),
  ],
  [
    'at a plane that only reads',
    async (_, { dataDir }) => {
      const plane = await openReadOnlyPlane({ dataDir });
      return { plane, close: () => plane.close() };
    },
  ],
];

async function waitAll(plane: ControlPlane, id: string): Promise<PromiseSettledResult<unknown>[]> {
  const all = async (events: AsyncIterable<unknown>): Promise<string> => {
    for await (const _ of events);
    return 'ended without an error';
  };
  const task = plane.task(id);
  return Promise.allSettled([
    all(task.events()),
    all(task.events({ after: 'now' })),
    all(plane.events()),
    all(task.events({ signal: new AbortController().signal })),
    task.outcome(),
    task.outcome({ signal: new AbortController().signal }),
  ]);
}

const expectRefused = (results: readonly PromiseSettledResult<unknown>[]): void => {
  for (const result of results) {
    expect(result).toMatchObject({
      status: 'rejected',
      reason: { code: 'UNAVAILABLE', hint: expect.stringContaining('the work goes on') },
    });
  }
};

describe('a plane that is closed while somebody waits at it', () => {
  it.each(ways)('ends every waiting with an error: %s', async (_, open) => {
    await using places = await makePlaces();
    await using owner = await openPlane(places, { adapters: [hanging()] });
    const { id } = await owner.submit({ prompt: 'go', workspace: places.workspace });
    await seen(owner, id, 'turn.started');
    const way = await open(owner, places);
    const waiting = waitAll(way.plane, id);
    await way.plane.task(id).status();
    await way.close();
    expectRefused(await waiting);
    await way.plane.close();
  });

  it.each(['the client', 'the owner'])('ends every waiting with an error: over the socket, by %s', async (who) => {
    await using places = await makePlaces();
    await using owner = await openPlane(places, { adapters: [hanging()], listen: true });
    const { id } = await owner.submit({ prompt: 'go', workspace: places.workspace });
    await seen(owner, id, 'turn.started');
    const plane = await socketClient(places);
    const waiting = waitAll(plane, id);
    for (let calls = 0; calls < 20; calls += 1) await plane.task(id).status();
    await (who === 'the owner' ? owner : plane).close();
    expectRefused(await waiting);
    await plane.close();
  });

  it('ends a reading whose reader left without an error, and one that has its end', async () => {
    await using places = await makePlaces();
    await using plane = await openOverSocket(places, { adapters: [memoryRuntime()] });
    const task = await plane.submit({ prompt: 'go', workspace: places.workspace });
    const leaving = new AbortController();
    const types: string[] = [];
    for await (const { type } of task.events({ signal: leaving.signal })) {
      types.push(type);
      leaving.abort();
    }
    expect(types).toHaveLength(1);
    for await (const event of task.events()) if (event.type === 'task.ended') await plane.close();
  });
});
