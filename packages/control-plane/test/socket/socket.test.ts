import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, rm, stat, symlink } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { memoryRuntime } from '@runtime/conformance/memory-runtime';
import { AgentRuntimeError } from '@runtime/contracts';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Channel } from '../../src/client/channel.ts';
import { connectControlPlane, socketPath } from '../../src/index.ts';
import { FrameReader, maxFrameChars } from '../../src/socket/frames.ts';
import { SocketChannel } from '../../src/socket/socket-channel.ts';
import { ensureSocketDirectory, socketDirectory } from '../../src/socket/socket-path.ts';
import { serveSocket } from '../../src/socket/socket-server.ts';
import { makePlaces, openPlane } from '../support/planes.ts';

afterEach(() => vi.unstubAllEnvs());

interface Seen {
  readonly calls: string[];
  readonly aborted: string[];
  pulled: number;
  returned: number;
}

/** A plane that knows a few methods, and what was done to it. */
function scripted(): { channel: Channel; seen: Seen } {
  const seen: Seen = { calls: [], aborted: [], pulled: 0, returned: 0 };
  const channel: Channel = {
    lost: new Promise(() => undefined),
    async call(method, params, { signal } = {}) {
      seen.calls.push(method);
      if (method === 'echo') return params;
      if (method === 'nothing') return undefined;
      if (method === 'forever') {
        await new Promise((resolve) => signal?.addEventListener('abort', resolve, { once: true }));
        seen.aborted.push(AgentRuntimeError.from(signal?.reason).rawMessage);
        throw AgentRuntimeError.from(signal?.reason);
      }
      throw new AgentRuntimeError('NOT_FOUND', `there is no method ${method}`, {
        hint: 'ask for echo',
        details: { a: 1 },
      });
    },
    async *stream(method, _params, { signal } = {}) {
      try {
        for (;;) {
          if (signal?.aborted) return;
          if (method === 'three' && seen.pulled === 3) return;
          if (method === 'broken' && seen.pulled === 1) throw new AgentRuntimeError('DATA_CORRUPT', 'half a line');
          yield [{ n: seen.pulled, text: method === 'flood' ? 'x'.repeat(64 * 1024) : '' }];
          seen.pulled += 1;
        }
      } finally {
        seen.returned += 1;
      }
    },
    close: () => Promise.resolve(),
  };
  return { channel, seen };
}

async function served() {
  const dir = await mkdtemp(join(tmpdir(), 'sock-'));
  const path = join(dir, 's');
  const { channel, seen } = scripted();
  const server = await serveSocket(path, channel, { epoch: 7, pid: 42 });
  return {
    path,
    seen,
    server,
    async [Symbol.asyncDispose]() {
      await server.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** A client by hand. */
async function dial(path: string) {
  const socket = connect(path);
  await once(socket, 'connect');
  const reader = new FrameReader();
  const frames: unknown[] = [];
  socket.on('data', (chunk) => frames.push(...reader.push(chunk)));
  let closed = false;
  socket.on('close', () => {
    closed = true;
  });
  socket.on('error', () => undefined);
  return {
    socket,
    frames,
    get closed() {
      return closed;
    },
    say: (frame: unknown) => socket.write(`${JSON.stringify(frame)}\n`),
    async [Symbol.asyncDispose]() {
      socket.destroy();
      await Promise.resolve();
    },
  };
}
const call = (id: number, method: string, params: object = {}) => ({ id, kind: 'call', method, params });
const error = (id: number, code: string) => ({ id, kind: 'error', error: expect.objectContaining({ code }) });

describe('the control socket', () => {
  it('greets, answers, and answers in the order in which answers are there', async () => {
    await using place = await served();
    await using client = await dial(place.path);
    client.say(call(1, 'forever'));
    client.say(call(2, 'echo', { a: 'ü' }));
    client.say(call(3, 'nothing'));
    client.say(call(4, 'shout'));
    client.say({ id: 1, kind: 'cancel' });
    await expect.poll(() => client.frames.length).toBe(5);
    expect(client.frames[0]).toEqual({ protocol: 'runtime-socket/1', epoch: 7, pid: 42 });
    expect(client.frames).toContainEqual({ id: 2, kind: 'result', result: { a: 'ü' } });
    expect(client.frames).toContainEqual({ id: 3, kind: 'result', result: null });
    expect(client.frames).toContainEqual({
      id: 4,
      kind: 'error',
      error: {
        code: 'NOT_FOUND',
        message: 'there is no method shout',
        retry: 'never',
        hint: 'ask for echo',
        details: { a: 1 },
      },
    });
    expect(client.frames).toContainEqual(error(1, 'CANCELLED'));
  });

  it.each([
    ['no JSON', 'hello\n'],
    ['no request', '{"id":1}\n'],
    ['an unknown field', '{"id":1,"kind":"call","method":"echo","params":{},"token":"x"}\n'],
    ['another protocol', 'GET / HTTP/1.1\r\n\r\n'],
    ['bytes', Buffer.from([0xff, 0xfe, 0x0a])],
    ['deep nesting', `${'['.repeat(100_000)}\n`],
  ])('says what is wrong with %s, closes that connection, and serves the others', async (_what, bytes) => {
    await using place = await served();
    await using good = await dial(place.path);
    await using bad = await dial(place.path);
    bad.socket.write(bytes);
    await expect.poll(() => bad.closed).toBe(true);
    expect(bad.frames.at(-1)).toEqual(error(-1, 'PROTOCOL_VIOLATION'));
    good.say(call(1, 'echo'));
    await expect.poll(() => good.frames.at(-1)).toEqual({ id: 1, kind: 'result', result: {} });
    await expect.poll(() => place.server.clients).toBe(1);
  });

  it('does nothing for a connection that it has given up', async () => {
    await using place = await served();
    // One that does not hang up when it is told.
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

  it('does not gather a frame without end', async () => {
    await using place = await served();
    await using client = await dial(place.path);
    const chunk = Buffer.alloc(1024 * 1024, 'x');
    const { socket } = client;
    const closed = new Promise((resolve) => socket.once('close', resolve));
    for (let sent = 0; sent <= maxFrameChars + chunk.length && !client.closed; sent += chunk.length) {
      if (!socket.write(chunk)) await Promise.race([new Promise((resolve) => socket.once('drain', resolve)), closed]);
    }
    await expect.poll(() => client.closed).toBe(true);
    expect(place.seen.calls).toEqual([]);
  });

  it('answers no faster than it is read', async () => {
    await using place = await served();
    const socket = connect({ path: place.path });
    await once(socket, 'connect');
    socket.on('error', () => undefined);
    const large = { text: 'x'.repeat(256 * 1024) };
    for (let id = 0; id < 100; id += 1) socket.write(`${JSON.stringify(call(id, 'echo', large))}\n`);
    let taken = -1;
    while (taken < place.seen.calls.length) {
      taken = place.seen.calls.length;
      await sleep(200);
    }
    expect(taken).toBeLessThan(20);
    socket.resume();
    await expect.poll(() => place.seen.calls.length).toBe(100);
    socket.destroy();
  });

  it('takes so many calls of one connection at once and no more', async () => {
    await using place = await served();
    await using client = await dial(place.path);
    for (let id = 0; id < 257; id += 1) client.say(call(id, 'forever'));
    await expect.poll(() => client.frames.at(-1)).toEqual(error(256, 'EXHAUSTED'));
    client.say(call(0, 'echo'));
    await expect.poll(() => client.frames.at(-1)).toEqual(error(0, 'EXHAUSTED'));
    expect(place.seen.calls).toHaveLength(256);
  });

  it('ends what a client was waiting for when it goes away', async () => {
    await using place = await served();
    const client = await dial(place.path);
    client.say(call(1, 'forever'));
    const reading = await dial(place.path);
    reading.say({ id: 0, kind: 'stream', method: 'flood' });
    await expect.poll(() => place.seen.calls).toEqual(['forever']);
    client.socket.destroy();
    reading.socket.destroy();
    await expect.poll(() => place.seen.aborted).toEqual(['the client went away']);
    await expect.poll(() => place.seen.returned).toBe(1);
    await expect.poll(() => place.server.clients).toBe(0);
  });

  it('pulls no more from the plane than a slow reader takes', async () => {
    await using place = await served();
    const reader = await dial(place.path);
    reader.socket.pause();
    reader.say({ id: 0, kind: 'stream', method: 'flood' });
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

  it('can be reached by its owner alone', async () => {
    await using place = await served();
    expect((await stat(place.path)).mode & 0o777).toBe(0o600);
    expect((await stat(socketDirectory())).mode & 0o777).toBe(0o700);
  });

  it('replaces what a dead owner left, and leaves nothing itself', async () => {
    await using place = await served();
    const dead = createServer().listen(`${place.path}2`);
    await once(dead, 'listening');
    const { channel } = scripted();
    const server = await serveSocket(`${place.path}2`, channel, { epoch: 8, pid: 1 });
    await using client = await dial(`${place.path}2`);
    await expect.poll(() => client.frames[0]).toMatchObject({ epoch: 8 });
    await server.close();
    await expect(stat(`${place.path}2`)).rejects.toMatchObject({ code: 'ENOENT' });
    await new Promise((resolve) => dead.close(resolve));
  });
});

describe('the client of a socket', () => {
  it('throws what the owner throws', async () => {
    await using place = await served();
    const channel = await SocketChannel.connect(place.path);
    const thrown: unknown = await channel.call('shout', {}).catch((reason: unknown) => reason);
    expect(AgentRuntimeError.isInstance(thrown)).toBe(true);
    expect(thrown).toMatchObject({ code: 'NOT_FOUND', hint: 'ask for echo', details: { a: 1 } });
    expect(await channel.call('echo', { x: 1 })).toEqual({ x: 1 });
    await channel.close();
  });

  it('reads a stream to its end, and to its error', async () => {
    await using place = await served();
    const channel = await SocketChannel.connect(place.path);
    const items: unknown[] = [];
    for await (const batch of channel.stream('three', {})) items.push(...batch);
    expect(items).toHaveLength(3);
    place.seen.pulled = 0;
    await expect(
      (async () => {
        for await (const batch of channel.stream('broken', {})) items.push(...batch);
      })(),
    ).rejects.toMatchObject({ code: 'DATA_CORRUPT' });
    await channel.close();
  });

  it('tells the owner when it stops waiting or reading', async () => {
    await using place = await served();
    const channel = await SocketChannel.connect(place.path);
    const controller = new AbortController();
    const waiting = channel.call('forever', {}, { signal: controller.signal });
    await expect.poll(() => place.seen.calls).toEqual(['forever']);
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'CANCELLED' });
    await expect.poll(() => place.seen.aborted).toEqual(['the client cancelled the call']);
    for await (const _batch of channel.stream('flood', {})) break;
    await expect.poll(() => place.seen.returned).toBe(1);
    await expect.poll(() => place.server.clients).toBe(1);
    await channel.close();
  });

  it('fails everything that waits when the owner is gone, and says that nothing is lost', async () => {
    const place = await served();
    const channel = await SocketChannel.connect(place.path);
    const waiting = channel.call('forever', {}).catch((reason: unknown) => reason);
    const reading = (async () => {
      for await (const _batch of channel.stream('flood', {})) await sleep(1);
    })().catch((reason: unknown) => reason);
    await expect.poll(() => place.seen.pulled).toBeGreaterThan(0);
    await place[Symbol.asyncDispose]();
    for (const failure of [await waiting, await reading, await channel.lost])
      expect(failure).toMatchObject({ code: 'UNAVAILABLE', hint: expect.stringContaining('nothing is lost') });
    await expect(channel.call('echo', {})).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await expect(SocketChannel.connect(place.path)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });

  it.each([
    ['another protocol', '{"protocol":"runtime-socket/2","epoch":1,"pid":1}\n'],
    ['none', 'SSH-2.0-OpenSSH_9.6\r\n'],
  ])('refuses an owner that speaks %s', async (_what, greeting) => {
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

  it('gives up a connection with its signal', async () => {
    await using place = await served();
    await expect(SocketChannel.connect(place.path, AbortSignal.abort())).rejects.toMatchObject({ code: 'CANCELLED' });
  });
});

describe('the directory of the sockets', () => {
  it('is made when it is missing, for us alone', async () => {
    await using places = await makePlaces();
    const dir = join(places.root, 'a', 'b');
    await ensureSocketDirectory(dir);
    await ensureSocketDirectory(dir);
    expect((await stat(dir)).mode & 0o777).toBe(0o700);
  });

  it('is refused when others may use it, or it is not what it seems', async () => {
    await using places = await makePlaces();
    const open = join(places.root, 'open');
    await mkdir(open);
    await chmod(open, 0o777);
    const link = join(places.root, 'link');
    await symlink(places.workspace, link);
    for (const dir of [open, link])
      await expect(ensureSocketDirectory(dir)).rejects.toMatchObject({
        code: 'PERMISSION_DENIED',
        hint: expect.any(String),
      });
  });

  it('is asked for before a plane is served, which then does not open', async () => {
    await using places = await makePlaces();
    const runtimeDir = join(places.root, 'xdg');
    await mkdir(join(runtimeDir, 'runtime'), { recursive: true });
    await chmod(join(runtimeDir, 'runtime'), 0o755);
    vi.stubEnv('XDG_RUNTIME_DIR', runtimeDir);
    await expect(openPlane(places, { adapters: [memoryRuntime()], listen: true })).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
    });
    await chmod(join(runtimeDir, 'runtime'), 0o700);
    // Nothing of the failed opening is left: neither lock nor files.
    await using plane = await openPlane(places, { adapters: [memoryRuntime()], listen: true });
    expect(await socketPath(places.dataDir)).toMatch(new RegExp(`^${runtimeDir}/runtime/[0-9a-f]{24}\\.sock$`));
    expect((await plane.info()).clients).toBe(0);
  });

  it('must not be so deep that no socket fits into it', async () => {
    await using places = await makePlaces();
    vi.stubEnv('XDG_RUNTIME_DIR', `/run/${'deep/'.repeat(20)}`);
    await expect(socketPath(places.dataDir)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      hint: expect.stringContaining('XDG_RUNTIME_DIR'),
    });
  });

  it('holds one socket for a data directory, by whichever name it is called', async () => {
    await using places = await makePlaces();
    await mkdir(places.dataDir);
    await symlink(places.dataDir, join(places.root, 'alias'));
    expect(await socketPath(join(places.root, 'alias'))).toBe(await socketPath(places.dataDir));
    expect(await socketPath(places.workspace)).not.toBe(await socketPath(places.dataDir));
  });
});

describe('a plane behind its socket', () => {
  it('is found by its directory, and counts who is connected', async () => {
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
    await channel.close();
    await expect.poll(async () => (await plane.info()).clients).toBe(0);
  });

  it('is UNAVAILABLE where there is none, and says so', async () => {
    await using places = await makePlaces();
    await expect(connectControlPlane({ dataDir: places.dataDir })).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      hint: expect.any(String),
    });
    await mkdir(places.dataDir);
    await expect(connectControlPlane({ dataDir: places.dataDir })).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });
});
