import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, inject, it } from 'vitest';
import { SocketChannel } from '../../src/socket/socket-channel.ts';
import { answer, call, dial, failed } from '../support/json-rpc.ts';
import { served } from '../support/socket-places.ts';

const limits = { connections: 512, firstFrameMs: 100, frameMs: 100, closingMs: 100 };
const patient = { timeout: 30_000 * inject('slowness') };

it('a connection that never says anything ends, and one that greets may be silent for as long as it likes', async () => {
  await using place = await served({ limits });
  const channel = await SocketChannel.connect(place.path);
  await using silent = await dial(place.path);
  await expect.poll(() => silent.closed, patient).toBe(true);
  await sleep(3 * limits.firstFrameMs);
  expect(place.server.clients).toBe(1);
  expect(await channel.call('echo', { x: 1 })).toEqual({ x: 1 });
  await channel.close();
});

it.each([
  ['its first frame', []],
  ['a later frame', [call(1, 'echo')]],
])('a connection that never ends %s ends, however slowly it goes on', async (_what, before) => {
  await using place = await served({ limits });
  await using client = await dial(place.path);
  for (const frame of before) client.send(frame);
  await expect.poll(() => client.frames.length).toBe(1 + before.length);
  const dripping = setInterval(() => client.socket.write(' '), limits.frameMs / 5);
  try {
    client.socket.write('{');
    await expect.poll(() => client.closed, patient).toBe(true);
  } finally {
    clearInterval(dripping);
  }
});

it('a frame in pieces is one frame, when the last piece comes in time', async () => {
  await using place = await served({ limits: { ...limits, firstFrameMs: 60_000, frameMs: 60_000 } });
  await using client = await dial(place.path);
  for (const byte of `${JSON.stringify(call(1, 'echo'))}\n`) {
    client.socket.write(byte);
    await sleep(1);
  }
  await expect.poll(() => client.frames.at(-1)).toEqual(answer(1, {}));
});

it.each([
  ['has closed its side', [call(1, 'events', { of: 'flood' })], undefined],
  [
    'was given up',
    Array.from({ length: 8 }, (_, id) => call(id, 'echo', { text: 'x'.repeat(1024 * 1024) })),
    'no JSON\n',
  ],
])('a client that %s and reads nothing is let go', async (_what, calls, last) => {
  await using place = await served({ limits });
  const socket = connect({ path: place.path, allowHalfOpen: true });
  await once(socket, 'connect');
  socket.on('error', () => undefined);
  if (last !== undefined) socket.write(last);
  for (const each of calls) socket.write(`${JSON.stringify(each)}\n`);
  if (last === undefined) socket.end();
  await expect.poll(() => place.server.clients, patient).toBe(0);
  await expect.poll(() => place.seen.returned, patient).toBe(last === undefined ? 1 : 0);
  socket.destroy();
});

it('one connection too many is told so, and the others go on', async () => {
  await using place = await served({ limits: { ...limits, connections: 2, firstFrameMs: 60_000 } });
  const first = await SocketChannel.connect(place.path);
  await using _second = await dial(place.path);
  await expect.poll(() => place.server.clients).toBe(2);
  await using third = await dial(place.path);
  await expect.poll(() => third.closed, patient).toBe(true);
  expect(third.frames).toEqual([expect.objectContaining({ method: 'hello' }), failed(null, 'EXHAUSTED')]);
  expect(await first.call('echo', { x: 1 })).toEqual({ x: 1 });
  const fourth = await SocketChannel.connect(place.path);
  expect(await fourth.lost).toMatchObject({ code: 'EXHAUSTED', hint: expect.any(String) });
  await first.close();
});

it('megabytes of brackets are refused before they are parsed', async () => {
  // To read them may take a busy machine longer than these tests' limits.
  await using place = await served();
  await using other = await dial(place.path);
  other.send(call(0, 'echo'));
  for (const text of [
    '['.repeat(4_000_000),
    `{"jsonrpc":"2.0","id":1,"method":"echo","params":{"a":${'{"a":'.repeat(1e6)}`,
  ]) {
    await using client = await dial(place.path);
    client.socket.write(`${text}\n`);
    await expect.poll(() => client.closed, patient).toBe(true);
    expect(client.frames.at(-1)).toEqual(failed(null, 'PROTOCOL_VIOLATION', -32_700));
  }
  other.send(call(1, 'echo'));
  await expect.poll(() => other.frames.at(-1)).toEqual(answer(1, {}));
});
