import { mkdir } from 'node:fs/promises';
import { memoryRuntime } from '@runtime/conformance/memory-runtime';
import { expect, it } from 'vitest';
import { connectControlPlane, socketPath } from '../../src/index.ts';
import { SocketChannel } from '../../src/socket/socket-channel.ts';
import { makePlaces, openPlane } from '../support/planes.ts';

it('a plane behind its socket is found by its directory, and counts the connected clients', async () => {
  await using places = await makePlaces();
  await using plane = await openPlane(places, { adapters: [memoryRuntime()], listen: true });
  const channel = await SocketChannel.connect(await socketPath(places.dataDir));
  await expect.poll(async () => (await plane.info()).clients).toBe(1);
  for (const [method, params, code] of [
    ['shout', {}, 'NOT_FOUND'],
    ['constructor', {}, 'NOT_FOUND'],
    ['task.status', { taskId: 7 }, 'INVALID_ARGUMENT'],
    ['task.status', { taskId: 'x', more: 1 }, 'INVALID_ARGUMENT'],
    ['task.status', { taskId: 'task-nowhere' }, 'NOT_FOUND'],
    ['submit', {}, 'INVALID_ARGUMENT'],
    ['submit', { prompt: 'x', workspace: 'relative' }, 'INVALID_ARGUMENT'],
  ] as const)
    await expect(channel.call(method, params), method).rejects.toMatchObject({ code });
  await expect(channel.call('shout', {})).rejects.toMatchObject({ details: { method: 'shout' } });
  await channel.close();
  await expect.poll(async () => (await plane.info()).clients).toBe(0);
});

it('connecting is UNAVAILABLE, with a hint, where no plane is open', async () => {
  await using places = await makePlaces();
  await expect(connectControlPlane({ dataDir: places.dataDir })).rejects.toMatchObject({
    code: 'UNAVAILABLE',
    hint: expect.any(String),
  });
  await mkdir(places.dataDir);
  await expect(connectControlPlane({ dataDir: places.dataDir })).rejects.toMatchObject({ code: 'UNAVAILABLE' });
});
