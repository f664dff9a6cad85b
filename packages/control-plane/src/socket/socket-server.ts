import { chmod, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import { AgentRuntimeError } from '@runtime/contracts';
import type { Channel } from '../client/channel.ts';
import { FrameReader, protocol, requestSchema, type Request, type Response } from './frames.ts';
import { ensureSocketDirectory } from './socket-path.ts';

/** Calls of one connection that may be under way at once. */
const maxCalls = 256;

export interface SocketServer {
  readonly path: string;
  readonly clients: number;
  close(): Promise<void>;
}

/**
 * Serves a channel on a unix socket (0600). Only who holds the data directory's lock calls this, so a socket that is
 * there is a dead one's.
 */
export async function serveSocket(
  path: string,
  channel: Channel,
  hello: { readonly epoch: number; readonly pid: number },
): Promise<SocketServer> {
  await ensureSocketDirectory();
  await rm(path, { force: true });
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    serveConnection(socket, channel, hello);
  });
  const listening = once(server, 'listening');
  server.listen(path);
  await listening;
  await chmod(path, 0o600);
  // A client that goes away in the middle of an accept must not end the owner.
  server.on('error', () => undefined);
  return {
    path,
    get clients() {
      return sockets.size;
    },
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
      await rm(path, { force: true });
    },
  };
}

function serveConnection(
  socket: Socket,
  channel: Channel,
  hello: { readonly epoch: number; readonly pid: number },
): void {
  const reader = new FrameReader();
  const running = new Map<number, AbortController>();
  const drained = makeDrained(socket);
  const endAll = (): void => {
    for (const controller of running.values())
      controller.abort(new AgentRuntimeError('CANCELLED', 'the client went away'));
    running.clear();
  };
  socket.on('close', endAll);
  socket.on('error', () => socket.destroy());
  socket.write(`${JSON.stringify({ protocol, ...hello })}\n`);
  let over = false;
  socket.on('data', (chunk) => {
    // Whoever broke the protocol is told so and not listened to any more.
    if (over) return;
    try {
      for (const frame of reader.push(chunk)) {
        const parsed = requestSchema.safeParse(frame);
        if (!parsed.success)
          throw new AgentRuntimeError('PROTOCOL_VIOLATION', 'a frame is no request', { cause: parsed.error });
        accept(parsed.data);
      }
      // Who does not take the answers is asked for no more questions.
      if (socket.writableNeedDrain) {
        socket.pause();
        void drained().then(() => socket.resume());
      }
    } catch (thrown) {
      respond(socket, { id: -1, kind: 'error', error: AgentRuntimeError.from(thrown, 'PROTOCOL_VIOLATION').toData() });
      over = true;
      socket.destroySoon();
    }
  });

  function accept(request: Request): void {
    if (request.kind === 'cancel') {
      running.get(request.id)?.abort(new AgentRuntimeError('CANCELLED', 'the client cancelled the call'));
      return;
    }
    if (running.size >= maxCalls || running.has(request.id)) {
      const error = new AgentRuntimeError('EXHAUSTED', `at most ${maxCalls} calls may be under way on one connection`);
      respond(socket, { id: request.id, kind: 'error', error: error.toData() });
      return;
    }
    const controller = new AbortController();
    running.set(request.id, controller);
    const work = request.kind === 'call' ? answer(request, controller.signal) : flow(request, controller.signal);
    void work
      .catch((thrown: unknown) =>
        respond(socket, { id: request.id, kind: 'error', error: AgentRuntimeError.from(thrown).toData() }),
      )
      .finally(() => running.delete(request.id));
  }

  async function answer({ id, method, params }: Request, signal: AbortSignal): Promise<void> {
    const result = (await channel.call(method, params, { signal })) ?? null;
    // Under way until there is room for it: what waits for a slow reader is bounded by the calls that may be.
    if (!respond(socket, { id, kind: 'result', result })) await drained();
  }

  async function flow({ id, method, params }: Request, signal: AbortSignal): Promise<void> {
    for await (const items of channel.stream(method, params, { signal })) {
      if (!respond(socket, { id, kind: 'items', items: [...items] })) await drained();
      if (signal.aborted) return;
    }
    respond(socket, { id, kind: 'end' });
  }
}

/** False when the socket is full: then wait before the next. */
function respond(socket: Socket, response: Response): boolean {
  return socket.destroyed || socket.write(`${JSON.stringify(response)}\n`);
}

/** Waits until the socket has room again or is closed; however many wait, it has two listeners. */
function makeDrained(socket: Socket): () => Promise<void> {
  let waiting: Promise<void> | undefined;
  return () => {
    waiting ??= new Promise<void>((resolve) => {
      const done = (): void => {
        socket.off('drain', done);
        socket.off('close', done);
        waiting = undefined;
        resolve();
      };
      socket.once('drain', done);
      socket.once('close', done);
      if (socket.destroyed) done();
    });
    return waiting;
  };
}
