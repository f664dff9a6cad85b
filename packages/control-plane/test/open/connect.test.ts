import { spawnSync } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { memoryRuntime } from '@runtime/conformance/memory-runtime';
import { AgentRuntimeError } from '@runtime/contracts';
import { expect, inject, it } from 'vitest';
import { connectControlPlane, findOwner, openReadOnlyPlane, socketPath } from '../../src/index.ts';
import { SocketChannel } from '../../src/socket/socket-channel.ts';
import { call, dial, failed } from '../support/json-rpc.ts';
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

it('a request of as many unknown fields as it may have is refused in a few kilobytes', async () => {
  await using places = await makePlaces();
  await using _plane = await openPlane(places, { adapters: [memoryRuntime()], listen: true });
  await using client = await dial(await socketPath(places.dataDir));
  const many = Object.fromEntries(Array.from({ length: 9000 }, (_, at) => [`field ${at}`, at]));
  client.send(call(1, 'task.status', { taskId: 'task-x', ...many }));
  client.send(call(2, 'submit', { prompt: 'x', workspace: places.workspace, ...many }));
  client.send({ ...call(3, 'info'), id: many });
  await expect.poll(() => client.frames.length, { timeout: 30_000 * inject('slowness') }).toBe(4);
  for (const frame of client.frames) expect(JSON.stringify(frame).length).toBeLessThan(12 * 1024);
  const codes = [failed(1, 'INVALID_ARGUMENT'), failed(2, 'INVALID_ARGUMENT'), failed(null, 'PROTOCOL_VIOLATION')];
  expect(client.frames).toEqual(expect.arrayContaining(codes));
});

it.each([undefined, false])(
  'an owner that is asked to leave, with successor %s, says so to every client before it hangs up',
  async (successor) => {
    await using places = await makePlaces();
    const onLeaveRequest = (): void => void plane.close();
    const plane = await openPlane(places, { adapters: [memoryRuntime()], listen: true, onLeaveRequest });
    const inProcess = await connectControlPlane({ dataDir: places.dataDir });
    const channel = await SocketChannel.connect(await socketPath(places.dataDir));
    const stream = channel.stream('events', {})[Symbol.asyncIterator]();
    await stream.next();
    const params = { by: 'me', why: 'enough', ...(successor === undefined ? {} : { successor }) };
    expect(await channel.call('leave', params)).toBeNull();
    const left = { code: 'UNAVAILABLE', details: { by: 'me', why: 'enough', successor: successor ?? true } };
    await expect(
      (async () => {
        while (!(await stream.next()).done);
      })(),
    ).rejects.toMatchObject(left);
    for (const lost of [channel.lost, inProcess.closed]) expect(await lost).toMatchObject(left);
    await plane.close();
  },
);

it('the owner of a directory is not the owner of a copy of it', async () => {
  await using places = await makePlaces();
  await using plane = await openPlane(places, { adapters: [memoryRuntime()], listen: true });
  const copy = join(places.root, 'copy');
  // In another process: closing lock.db in this one would drop the lock.
  spawnSync('cp', ['-r', places.dataDir, copy]);
  expect(await readFile(join(copy, 'owner.json'), 'utf8')).toContain(`"pid":${process.pid}`);
  expect(await findOwner({ dataDir: copy })).toBeUndefined();
  const error = await connectControlPlane({ dataDir: copy }).catch((thrown: unknown) => AgentRuntimeError.from(thrown));
  expect(error).toMatchObject({ code: 'UNAVAILABLE', rawMessage: expect.stringContaining('no process owns') });
  const readOnly = await openReadOnlyPlane({ dataDir: copy });
  expect((await readOnly.info()).pid).toBe(0);
  await readOnly.close();
  expect((await plane.info()).pid).toBe(process.pid);
});

it('a record without a start time names no owner once its process has ended, or when nobody listens', async () => {
  await using places = await makePlaces();
  await mkdir(places.dataDir);
  const { pid: ended } = spawnSync(process.execPath, ['-e', '']);
  for (const [pid, isLiving] of [
    [ended, false],
    [process.ppid, true],
  ] as const) {
    const record = { pid, startedAt: 1, socketPath: join(places.root, 'nobody.sock') };
    await writeFile(join(places.dataDir, 'owner.json'), JSON.stringify(record));
    expect(await findOwner({ dataDir: places.dataDir })).toMatchObject({ pid, isLiving });
    const error = await connectControlPlane({ dataDir: places.dataDir }).catch((thrown: unknown) =>
      AgentRuntimeError.from(thrown),
    );
    expect(error).toMatchObject({ code: 'UNAVAILABLE', rawMessage: expect.stringContaining('no process owns') });
  }
});
