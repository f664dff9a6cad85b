import { AgentRuntimeError, throwIfAborted, type CallOptions } from '@runtime/contracts';
import type { Channel } from '../client/channel.ts';
import { ClientConnection, type ConnectionOptions } from './client-connection.ts';
import { cancelMethod, notification, request, type Reply, type RequestId } from './messages.ts';
import { StreamReader } from './stream-reader.ts';

type Params = Readonly<Record<string, unknown>>;

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: AgentRuntimeError) => void;
}

/** Options of `SocketChannel.connect`. */
export interface ChannelOptions extends ConnectionOptions {
  /** Where the owner's socket is now, asked when it cannot be reached where it was. @default it never moves */
  readonly locate?: () => Promise<string | undefined>;
}

/** A channel over a unix socket: one connection for all calls, and one for each stream. */
export class SocketChannel implements Channel {
  #path: string;
  readonly #options: ChannelOptions;
  readonly #calls: ClientConnection;
  readonly #pending = new Map<RequestId, Pending>();
  readonly #streams = new Set<ClientConnection>();
  readonly #loss = Promise.withResolvers<AgentRuntimeError>();
  readonly lost = this.#loss.promise;
  readonly #closing = new AbortController();
  #lostBy: AgentRuntimeError | undefined;
  #nextId = 1;

  private constructor(path: string, calls: ClientConnection, options: ChannelOptions) {
    this.#path = path;
    this.#options = options;
    this.#calls = calls;
    calls.listen({ onReply: (reply) => this.#settle(reply), onLost: (error) => this.#lose(error) });
  }

  /** Connects to the socket of an owner; see `ClientConnection.open`. */
  static async connect(path: string, options: ChannelOptions = {}): Promise<SocketChannel> {
    return new SocketChannel(path, await ClientConnection.open(path, options), options);
  }

  async call(method: string, params: Params, { signal }: CallOptions = {}): Promise<unknown> {
    throwIfAborted(signal);
    if (this.#lostBy) throw this.#lostBy;
    const id = this.#nextId;
    this.#nextId += 1;
    const aborted = (): void => {
      this.#pending.get(id)?.reject(AgentRuntimeError.from(signal?.reason, 'CANCELLED'));
      this.#calls.send(notification(cancelMethod, { id }));
    };
    signal?.addEventListener('abort', aborted, { once: true });
    try {
      return await new Promise((resolve, reject) => {
        this.#pending.set(id, { resolve, reject });
        this.#calls.send(request(id, method, params));
      });
    } finally {
      this.#pending.delete(id);
      signal?.removeEventListener('abort', aborted);
    }
  }

  async *stream(method: string, params: Params, { signal }: CallOptions = {}): AsyncIterable<readonly unknown[]> {
    if (signal?.aborted) return;
    const connection = await this.#another(signal).catch((error: unknown) => {
      if (signal?.aborted) return undefined;
      throw error;
    });
    if (!connection) return;
    this.#streams.add(connection);
    const reader = new StreamReader(connection, signal);
    try {
      throwIfAborted(this.#closing.signal);
      connection.send(request(1, method, params));
      for (let items = await reader.next(); items; items = await reader.next()) yield items;
    } finally {
      reader.close();
      this.#streams.delete(connection);
    }
  }

  close(): Promise<void> {
    this.#closing.abort(new AgentRuntimeError('UNAVAILABLE', 'the connection to the owner is closed'));
    for (const connection of this.#streams) connection.close();
    this.#calls.close();
    return Promise.resolve();
  }

  /** Another connection to the same owner, whose socket may have moved since. */
  async #another(signal: AbortSignal | undefined): Promise<ClientConnection> {
    const { pid, locate } = this.#options;
    const ending = AbortSignal.any([this.#closing.signal, ...(signal ? [signal] : [])]);
    const same = { signal: ending, ...(pid === undefined ? {} : { pid }) };
    try {
      return await ClientConnection.open(this.#path, same);
    } catch (error) {
      const path = ending.aborted ? undefined : await locate?.();
      if (path === undefined || path === this.#path) throw error;
      this.#path = path;
      return ClientConnection.open(path, same);
    }
  }

  #settle(reply: Reply): void {
    if ('params' in reply || reply.id === null) return;
    const pending = this.#pending.get(reply.id);
    if ('error' in reply) pending?.reject(AgentRuntimeError.fromData(reply.error.data));
    else pending?.resolve(reply.result);
  }

  #lose(error: AgentRuntimeError): void {
    this.#lostBy = error;
    this.#loss.resolve(error);
    for (const { reject } of this.#pending.values()) reject(error);
    this.#pending.clear();
  }
}
