import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { maxFrameBytes } from '../../src/socket/frames.ts';
import { answer, call, cancel, dial, failed } from '../support/json-rpc.ts';
import { openDoor, scripted, served } from '../support/socket-places.ts';

it('the server greets, and answers each request as soon as its answer is there', async () => {
  await using place = await served();
  await using client = await dial(place.path);
  client.send(call(1, 'forever'));
  client.send(call(2, 'echo', { a: 'ü' }));
  client.send(call(3, 'nothing'));
  client.send(call(4, 'fail'));
  client.send(cancel(1));
  await expect.poll(() => client.frames.length).toBe(5);
  expect(client.frames[0]).toEqual({
    jsonrpc: '2.0',
    method: 'hello',
    params: { protocol: 'runtime-socket/2', epoch: 7, pid: 42 },
  });
  expect(client.frames).toContainEqual(answer(2, { a: 'ü' }));
  expect(client.frames).toContainEqual(answer(3, null));
  expect(client.frames).toContainEqual({
    jsonrpc: '2.0',
    id: 4,
    error: {
      code: -32_002,
      message: 'there is no such thing',
      data: {
        code: 'NOT_FOUND',
        message: 'there is no such thing',
        retry: 'never',
        hint: 'use another',
        details: { a: 1 },
      },
    },
  });
  expect(client.frames).toContainEqual(failed(1, 'CANCELLED'));
});

it.each([
  ['no JSON', 'hello\n'],
  ['no request', '{"jsonrpc":"2.0","id":1}\n'],
  ['a request of the protocol before', '{"id":1,"kind":"call","method":"echo","params":{}}\n'],
  ['another protocol', 'GET / HTTP/1.1\r\n\r\n'],
  ['bytes', Buffer.from([0xff, 0xfe, 0x0a])],
  ['deep nesting', `${'['.repeat(100_000)}\n`],
])('the server answers %s with the reason, closes that connection, and serves the others', async (_what, bytes) => {
  await using place = await served();
  await using good = await dial(place.path);
  await using bad = await dial(place.path);
  bad.socket.write(bytes);
  await expect.poll(() => bad.closed).toBe(true);
  expect(bad.frames.at(-1)).toEqual(failed(null, 'PROTOCOL_VIOLATION'));
  good.send(call(1, 'echo'));
  await expect.poll(() => good.frames.at(-1)).toEqual(answer(1, {}));
  await expect.poll(() => place.server.clients).toBe(1);
});

it('the server does nothing for a connection that it has given up', async () => {
  await using place = await served();
  // A client that keeps its side open after the server has closed its own.
  const socket = connect({ path: place.path, allowHalfOpen: true });
  await once(socket, 'connect');
  socket.on('error', () => undefined);
  socket.resume();
  socket.write('nonsense\n');
  await once(socket, 'end');
  socket.write(`${JSON.stringify(call(1, 'echo'))}\n`);
  await sleep(30);
  expect(place.seen.calls).toEqual([]);
  await expect.poll(() => place.server.clients).toBe(0);
  socket.destroy();
});

it('the server does not gather a frame without end', async () => {
  await using place = await served();
  await using client = await dial(place.path);
  const chunk = Buffer.alloc(1024 * 1024, 'x');
  const { socket } = client;
  const closed = new Promise((resolve) => socket.once('close', resolve));
  for (let sent = 0; sent <= maxFrameBytes + chunk.length && !client.closed; sent += chunk.length) {
    if (!socket.write(chunk)) await Promise.race([new Promise((resolve) => socket.once('drain', resolve)), closed]);
  }
  await expect.poll(() => client.closed).toBe(true);
  expect(place.seen.calls).toEqual([]);
});

it('the server answers no faster than the client reads', async () => {
  await using place = await served();
  const socket = connect({ path: place.path });
  await once(socket, 'connect');
  socket.on('error', () => undefined);
  const large = { text: 'x'.repeat(256 * 1024) };
  for (let id = 0; id < 100; id += 1) socket.write(`${JSON.stringify(call(id, 'echo', large))}\n`);
  await expect.poll(() => place.seen.calls.length).toBeGreaterThan(0);
  let taken = 0;
  while (taken < place.seen.calls.length) {
    taken = place.seen.calls.length;
    await sleep(200);
  }
  expect(taken).toBeLessThan(20);
  socket.resume();
  await expect.poll(() => place.seen.calls.length).toBe(100);
  socket.destroy();
});

it('the server takes 256 calls of one connection at once and no more', async () => {
  await using place = await served();
  await using client = await dial(place.path);
  for (let id = 0; id < 257; id += 1) client.send(call(id, 'forever'));
  await expect.poll(() => client.frames.at(-1)).toEqual(failed(256, 'EXHAUSTED'));
  client.send(call(0, 'echo'));
  await expect.poll(() => client.frames.at(-1)).toEqual(failed(0, 'EXHAUSTED'));
  expect(place.seen.calls).toHaveLength(256);
});

it('the server ends the calls and streams of a client that goes away', async () => {
  await using place = await served();
  const client = await dial(place.path);
  client.send(call(1, 'forever'));
  const reading = await dial(place.path);
  reading.send(call(0, 'events', { of: 'flood' }));
  await expect.poll(() => place.seen.calls).toEqual(['forever']);
  client.socket.destroy();
  reading.socket.destroy();
  await expect.poll(() => place.seen.aborted).toEqual(['the client went away']);
  await expect.poll(() => place.seen.returned).toBe(1);
  await expect.poll(() => place.server.clients).toBe(0);
});

it('the server pulls no more from the plane than a slow reader takes', async () => {
  await using place = await served();
  const reader = await dial(place.path);
  reader.socket.pause();
  reader.send(call(0, 'events', { of: 'flood' }));
  await sleep(50);
  const before = place.seen.pulled;
  await sleep(100);
  // What the kernel's buffers hold, and one batch of ours.
  expect(place.seen.pulled).toBe(before);
  expect(before * 64 * 1024).toBeLessThan(4 * 1024 * 1024);
  reader.socket.resume();
  await expect.poll(() => place.seen.pulled).toBeGreaterThan(before + 20);
  await reader[Symbol.asyncDispose]();
});

it('the socket can be used by its owner alone', async () => {
  await using place = await served();
  expect((await stat(place.path)).mode & 0o777).toBe(0o600);
});

it('the server replaces the socket of a dead owner, and leaves none itself', async () => {
  await using place = await served();
  const dead = createServer().listen(`${place.path}2`);
  await once(dead, 'listening');
  const { channel } = scripted();
  const server = await openDoor(`${place.path}2`, { channel, hello: { epoch: 8, pid: 1 } });
  await using client = await dial(`${place.path}2`);
  await expect.poll(() => client.frames[0]).toMatchObject({ params: { epoch: 8 } });
  await server.close();
  await expect(stat(`${place.path}2`)).rejects.toMatchObject({ code: 'ENOENT' });
  await new Promise((resolve) => dead.close(resolve));
});
