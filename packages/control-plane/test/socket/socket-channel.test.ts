import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AgentRuntimeError, errorCodeSchema } from '@runtime/contracts';
import { expect, inject, it } from 'vitest';
import { maxFrameBytes } from '../../src/socket/frames.ts';
import { SocketChannel } from '../../src/socket/socket-channel.ts';
import { notify } from '../support/json-rpc.ts';
import { served } from '../support/socket-places.ts';

it('the client throws the error that the owner throws', async () => {
  await using place = await served();
  const channel = await SocketChannel.connect(place.path);
  const thrown: unknown = await channel.call('fail', {}).catch((reason: unknown) => reason);
  expect(AgentRuntimeError.isInstance(thrown)).toBe(true);
  expect(thrown).toMatchObject({ code: 'NOT_FOUND', hint: 'use another', details: { a: 1 } });
  expect(await channel.call('echo', { x: 1 })).toEqual({ x: 1 });
  await channel.close();
});

it.each(errorCodeSchema.options)('an error %s of the owner is the same error for the client', async (code) => {
  await using place = await served();
  const channel = await SocketChannel.connect(place.path);
  const data = { code, message: 'why', retry: 'elsewhere', hint: 'what to do', details: { a: [1] }, cause: 'Error: x' };
  const thrown: unknown = await channel.call('throw', data).catch((reason: unknown) => reason);
  expect(AgentRuntimeError.isInstance(thrown) && thrown.toData()).toEqual(data);
  await channel.close();
});

it('the client reads a stream to its end, and to its error', async () => {
  await using place = await served();
  const channel = await SocketChannel.connect(place.path);
  const items: unknown[] = [];
  for await (const batch of channel.stream('events', { of: 'three' })) items.push(...batch);
  expect(items).toHaveLength(3);
  place.seen.pulled = 0;
  await expect(
    (async () => {
      for await (const batch of channel.stream('events', { of: 'broken' })) items.push(...batch);
    })(),
  ).rejects.toMatchObject({ code: 'DATA_CORRUPT' });
  await channel.close();
});

it('the owner learns when the client stops waiting or reading', async () => {
  await using place = await served();
  const channel = await SocketChannel.connect(place.path);
  const controller = new AbortController();
  const waiting = channel.call('forever', {}, { signal: controller.signal });
  await expect.poll(() => place.seen.calls).toEqual(['forever']);
  controller.abort();
  await expect(waiting).rejects.toMatchObject({ code: 'CANCELLED' });
  await expect.poll(() => place.seen.aborted).toEqual(['the client cancelled the call']);
  for await (const _batch of channel.stream('events', { of: 'flood' })) break;
  await expect.poll(() => place.seen.returned).toBe(1);
  await expect.poll(() => place.server.clients).toBe(1);
  await channel.close();
});

it('every call and stream fails when the owner is gone, with a hint that nothing is lost', async () => {
  const place = await served();
  const channel = await SocketChannel.connect(place.path);
  const waiting = channel.call('forever', {}).catch((reason: unknown) => reason);
  const reading = (async () => {
    for await (const _batch of channel.stream('events', { of: 'flood' })) await sleep(1);
  })().catch((reason: unknown) => reason);
  await expect.poll(() => place.seen.pulled).toBeGreaterThan(0);
  await place[Symbol.asyncDispose]();
  for (const failure of [await waiting, await reading, await channel.lost])
    expect(failure).toMatchObject({ code: 'UNAVAILABLE', hint: expect.stringContaining('nothing is lost') });
  await expect(channel.call('echo', {})).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  await expect(SocketChannel.connect(place.path)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
});

it.each([
  ['the protocol before', '{"protocol":"runtime-socket/1","epoch":1,"pid":1}\n'],
  ['the protocol after', `${JSON.stringify(notify('hello', { protocol: 'runtime-socket/3', epoch: 1, pid: 1 }))}\n`],
  ['none', 'SSH-2.0-OpenSSH_9.6\r\n'],
])('the client refuses an owner that speaks %s', async (_what, greeting) => {
  const dir = await mkdtemp(join(tmpdir(), 'sock-'));
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    socket.write(greeting);
  }).listen(join(dir, 's'));
  await once(server, 'listening');
  await expect(SocketChannel.connect(join(dir, 's'))).rejects.toMatchObject({
    code: 'PROTOCOL_VIOLATION',
    hint: expect.any(String),
  });
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => server.close(resolve));
  await rm(dir, { recursive: true });
});

it('a request that is too large is refused, and its connection and other calls go on', async () => {
  await using place = await served();
  const channel = await SocketChannel.connect(place.path);
  const controller = new AbortController();
  const waiting = channel.call('forever', {}, { signal: controller.signal });
  await expect(channel.call('echo', { text: 'x'.repeat(maxFrameBytes) })).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    hint: expect.any(String),
  });
  await expect(channel.call('echo', { text: 'ü'.repeat(maxFrameBytes / 2) })).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
  });
  expect(await channel.call('echo', { x: 1 })).toEqual({ x: 1 });
  controller.abort();
  await expect(waiting).rejects.toMatchObject({ code: 'CANCELLED' });
  await channel.close();
});

it('an answer that is too large is an error of its call alone', async () => {
  await using place = await served();
  const channel = await SocketChannel.connect(place.path);
  await expect(channel.call('large', {})).rejects.toMatchObject({ code: 'EXHAUSTED', retry: 'never' });
  expect(await channel.call('echo', { x: 1 })).toEqual({ x: 1 });
  await channel.close();
});

it('an owner that greets and then answers nothing is given up, by calls and streams', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'sock-'));
  const server = createServer((socket) => {
    socket.on('error', () => undefined).resume();
    socket.write(`${JSON.stringify(notify('hello', { protocol: 'runtime-socket/2', epoch: 1, pid: 1 }))}\n`);
  }).listen(join(dir, 's'));
  await once(server, 'listening');
  const patience = { quietMs: 20, answerMs: 20 };
  for (const ask of [
    (channel: SocketChannel) => channel.call('info', {}),
    (channel: SocketChannel) => channel.stream('events', {})[Symbol.asyncIterator]().next(),
  ]) {
    const channel = await SocketChannel.connect(join(dir, 's'), { patience });
    const silent = { code: 'UNAVAILABLE', details: { silent: true }, hint: expect.any(String) };
    await expect(ask(channel)).rejects.toMatchObject(silent);
    expect(await channel.lost).toMatchObject(silent);
    await expect(channel.call('info', {})).rejects.toMatchObject(silent);
  }
  await new Promise((resolve) => server.close(resolve));
  await rm(dir, { recursive: true });
});

it('a call may take as long as it likes while the owner answers when it is asked whether it lives', async () => {
  await using place = await served();
  const channel = await SocketChannel.connect(place.path, { patience: { quietMs: 10, answerMs: 60_000 } });
  const controller = new AbortController();
  const waiting = channel.call('forever', {}, { signal: controller.signal });
  const asked = (): number => place.seen.calls.filter((name) => name === 'info').length;
  await expect.poll(asked, { timeout: 30_000 * inject('slowness') }).toBeGreaterThan(3);
  controller.abort();
  await expect(waiting).rejects.toMatchObject({ code: 'CANCELLED' });
  await channel.call('echo', {});
  const before = asked();
  await sleep(100);
  expect(asked()).toBe(before);
  await channel.close();
});

it('an owner that could not read a request says why, in every call that waits', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'sock-'));
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.write(`${JSON.stringify(notify('hello', { protocol: 'runtime-socket/2', epoch: 1, pid: 1 }))}\n`);
    const data = { code: 'PROTOCOL_VIOLATION', message: 'a frame cannot be read', retry: 'never' };
    const error = { code: -32_700, message: data.message, data };
    socket.once('data', () => socket.end(`${JSON.stringify({ jsonrpc: '2.0', id: null, error })}\n`));
  }).listen(join(dir, 's'));
  await once(server, 'listening');
  const channel = await SocketChannel.connect(join(dir, 's'));
  const reason = { code: 'PROTOCOL_VIOLATION', rawMessage: 'a frame cannot be read' };
  await expect(channel.call('echo', {})).rejects.toMatchObject(reason);
  expect(await channel.lost).toMatchObject(reason);
  await new Promise((resolve) => server.close(resolve));
  await rm(dir, { recursive: true });
});

it('an aborted signal ends a connection attempt', async () => {
  await using place = await served();
  await expect(SocketChannel.connect(place.path, { signal: AbortSignal.abort() })).rejects.toMatchObject({
    code: 'CANCELLED',
  });
});

it('a channel that is closed while a stream connects leaves no connection, and the stream ends', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'sock-'));
  const greeting = `${JSON.stringify(notify('hello', { protocol: 'runtime-socket/2', epoch: 1, pid: 1 }))}\n`;
  const second = Promise.withResolvers<Socket>();
  let connections = 0;
  const server = createServer((socket) => {
    socket.on('error', () => undefined).resume();
    connections += 1;
    if (connections === 1) socket.write(greeting);
    else second.resolve(socket);
  }).listen(join(dir, 's'));
  await once(server, 'listening');
  const channel = await SocketChannel.connect(join(dir, 's'));
  const reading = (async () => {
    for await (const _batch of channel.stream('events', {}));
  })().catch((reason: unknown) => reason);
  const socket = await second.promise;
  const closed = new Promise((resolve) => socket.once('close', resolve));
  await channel.close();
  // The owner greets late.
  socket.write(greeting);
  await closed;
  expect(await reading).toMatchObject({ code: 'UNAVAILABLE' });
  await new Promise((resolve) => server.close(resolve));
  await rm(dir, { recursive: true });
});
