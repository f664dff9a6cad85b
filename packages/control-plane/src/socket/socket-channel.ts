import { connect as connectSocket, type Socket } from 'node:net';
import { AgentRuntimeError, throwIfAborted, type CallOptions } from '@runtime/contracts';
import type { Channel } from '../client/channel.ts';
import { FrameReader, helloSchema, responseSchema, type Response } from './frames.ts';

type Params = Readonly<Record<string, unknown>>;
const helloTimeoutMs = 5_000;

interface Connection {
  readonly socket: Socket;
  /** Set by whoever uses the connection. */
  onResponse: (response: Response) => void;
  onLost: (error: AgentRuntimeError) => void;
}

const gone = (cause?: unknown): AgentRuntimeError =>
  new AgentRuntimeError('UNAVAILABLE', 'the owner of the data directory is gone', {
    hint: 'the work goes on and nothing is lost; ask again, and a new owner takes over',
    ...(cause === undefined ? {} : { cause }),
  });

/** Connects and waits for the server's greeting. UNAVAILABLE when nobody listens, or whoever does says nothing. */
async function open(path: string, signal?: AbortSignal): Promise<Connection> {
  throwIfAborted(signal);
  const socket = connectSocket(path);
  const connection: Connection = { socket, onResponse: () => undefined, onLost: () => undefined };
  const reader = new FrameReader();
  let greeted = false;
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(
      () => fail(new AgentRuntimeError('UNAVAILABLE', 'the owner does not answer')),
      helloTimeoutMs,
    );
    const aborted = (): void => fail(AgentRuntimeError.from(signal?.reason, 'CANCELLED'));
    const settle = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', aborted);
    };
    const fail = (error: AgentRuntimeError): void => {
      settle();
      socket.destroy();
      if (greeted) connection.onLost(error);
      else reject(error);
    };
    signal?.addEventListener('abort', aborted, { once: true });
    socket.on('error', (cause) => fail(gone(cause)));
    socket.on('close', () => fail(gone()));
    socket.on('data', (chunk) => {
      try {
        for (const frame of reader.push(chunk)) {
          if (greeted) {
            connection.onResponse(responseSchema.parse(frame));
            continue;
          }
          helloSchema.parse(frame);
          greeted = true;
          settle();
          resolve();
        }
      } catch (cause) {
        fail(
          new AgentRuntimeError('PROTOCOL_VIOLATION', 'the owner speaks another protocol', {
            hint: 'restart it with this version',
            cause,
          }),
        );
      }
    });
  });
  return connection;
}

/** A channel over a unix socket: one connection for the calls, one of its own for each stream. */
export class SocketChannel implements Channel {
  readonly #path: string;
  readonly #calls: Connection;
  readonly #pending = new Map<
    number,
    { readonly resolve: (value: unknown) => void; readonly reject: (error: AgentRuntimeError) => void }
  >();
  readonly #streams = new Set<Socket>();
  #lost: AgentRuntimeError | undefined;
  readonly lost: Promise<AgentRuntimeError>;
  #nextId = 1;

  private constructor(path: string, calls: Connection) {
    this.#path = path;
    this.#calls = calls;
    calls.onResponse = (response) => this.#settle(response);
    let tell = (_error: AgentRuntimeError): void => undefined;
    this.lost = new Promise((resolve) => {
      tell = resolve;
    });
    calls.onLost = (error) => {
      this.#lost = error;
      tell(error);
      for (const { reject } of this.#pending.values()) reject(error);
      this.#pending.clear();
    };
  }

  static async connect(path: string, signal?: AbortSignal): Promise<SocketChannel> {
    return new SocketChannel(path, await open(path, signal));
  }

  #settle(response: Response): void {
    const pending = this.#pending.get(response.id);
    this.#pending.delete(response.id);
    if (response.kind === 'error') pending?.reject(AgentRuntimeError.fromData(response.error));
    else if (response.kind === 'result') pending?.resolve(response.result);
  }

  async call(method: string, params: Params, { signal }: CallOptions = {}): Promise<unknown> {
    throwIfAborted(signal);
    if (this.#lost) throw this.#lost;
    const id = this.#nextId;
    this.#nextId += 1;
    const { socket } = this.#calls;
    const aborted = (): void => {
      this.#pending.get(id)?.reject(AgentRuntimeError.from(signal?.reason, 'CANCELLED'));
      this.#pending.delete(id);
      socket.write(`${JSON.stringify({ id, kind: 'cancel' })}\n`);
    };
    signal?.addEventListener('abort', aborted, { once: true });
    try {
      return await new Promise((resolve, reject) => {
        this.#pending.set(id, { resolve, reject });
        socket.write(`${JSON.stringify({ id, kind: 'call', method, params })}\n`);
      });
    } finally {
      signal?.removeEventListener('abort', aborted);
    }
  }

  async *stream(method: string, params: Params, { signal }: CallOptions = {}): AsyncIterable<readonly unknown[]> {
    if (signal?.aborted) return;
    const { socket, ...connection } = await this.#openStream();
    const queue: Response[] = [];
    let failure: AgentRuntimeError | undefined;
    let wake = (): void => undefined;
    connection.use({
      onResponse: (response) => {
        queue.push(response);
        // The socket's own buffers are the only ones that fill up while nobody pulls.
        socket.pause();
        wake();
      },
      onLost: (error) => {
        failure = error;
        wake();
      },
    });
    const aborted = (): void => wake();
    signal?.addEventListener('abort', aborted, { once: true });
    try {
      socket.write(`${JSON.stringify({ id: 0, kind: 'stream', method, params })}\n`);
      for (;;) {
        if (signal?.aborted) return;
        const response = queue.shift();
        if (!response) {
          if (failure) throw failure;
          const woken = new Promise<void>((resolve) => {
            wake = resolve;
          });
          socket.resume();
          await woken;
          continue;
        }
        if (response.kind === 'end') return;
        if (response.kind === 'error') throw AgentRuntimeError.fromData(response.error);
        if (response.kind === 'items') yield response.items;
      }
    } finally {
      signal?.removeEventListener('abort', aborted);
      this.#streams.delete(socket);
      socket.destroy();
    }
  }

  async #openStream() {
    const connection = await open(this.#path);
    this.#streams.add(connection.socket);
    return {
      socket: connection.socket,
      use: (handlers: Pick<Connection, 'onResponse' | 'onLost'>) => Object.assign(connection, handlers),
    };
  }

  close(): Promise<void> {
    for (const socket of this.#streams) socket.destroy();
    this.#calls.socket.destroy();
    return Promise.resolve();
  }
}
