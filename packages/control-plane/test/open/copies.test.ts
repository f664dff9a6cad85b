import { memoryRuntime } from '@runtime/conformance/memory-runtime';
import { AgentRuntimeError } from '@runtime/contracts';
import { expect, it, vi } from 'vitest';
import { eventsOf, makePlaces, openPlane, typesOf } from '../support/planes.ts';

/** Evaluates every module again, as a host does that loads its plugin twice. */
async function anotherCopy() {
  vi.resetModules();
  const [plane, contracts] = await Promise.all([import('../../src/index.ts'), import('@runtime/contracts')]);
  return { ...plane, ...contracts };
}

it('a plane is one plane for every copy of the module in its process', async () => {
  await using places = await makePlaces();
  const adapters = [
    memoryRuntime({ script: () => [{ do: 'say', text: 'x' }, { do: 'listen' }, { do: 'say', text: 'y' }] }),
  ];
  await using plane = await openPlane(places, { adapters });
  const copy = await anotherCopy();
  expect(copy.AgentRuntimeError).not.toBe(AgentRuntimeError);
  // No socket is served: it can only be found in the process itself.
  const client = await copy.connectControlPlane({ dataDir: places.dataDir });
  expect(await client.info()).toEqual(await plane.info());
  const task = await client.submit({ prompt: 'go', workspace: places.workspace });
  for await (const event of task.events()) if (event.type === 'message.completed') break;
  await (await task.steer('go on')).reached('delivered');
  expect(await task.outcome()).toEqual({ status: 'succeeded' });
  expect(typesOf(await eventsOf(plane, task.id))).toEqual(typesOf(await eventsOf(client, task.id)));
  const error: unknown = await client
    .task('task-nowhere')
    .status()
    .catch((thrown: unknown) => thrown);
  expect(copy.AgentRuntimeError.isInstance(error)).toBe(true);
  expect(AgentRuntimeError.isInstance(error)).toBe(true);
  expect(error).toMatchObject({ code: 'NOT_FOUND' });
  await expect(copy.openControlPlane({ dataDir: places.dataDir, adapters: [] })).rejects.toMatchObject({
    code: 'CONFLICT',
  });
});

it('a plane is closed by its owner, not by the clients that found it', async () => {
  await using places = await makePlaces();
  const plane = await openPlane(places, { adapters: [memoryRuntime()] });
  const copy = await anotherCopy();
  const client = await copy.connectControlPlane({ dataDir: places.dataDir });
  await client.close();
  expect((await plane.info()).pid).toBe(process.pid);
  const another = await copy.connectControlPlane({ dataDir: places.dataDir });
  await plane.close();
  await expect(another.tasks()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  await expect(copy.connectControlPlane({ dataDir: places.dataDir })).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  // The next owner may be the other copy.
  await using next = await copy.openControlPlane({ dataDir: places.dataDir, adapters: [memoryRuntime()] });
  expect((await next.info()).epoch).toBeGreaterThan(1);
});
