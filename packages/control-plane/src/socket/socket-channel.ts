import { AgentRuntimeError, throwIfAborted, type CallOptions } from '@runtime/contracts';
import type { Channel } from '../client/channel.ts';
import { planeClosed } from '../client/plane-closed.ts';
import { ClientConnection, silentOwner, type ConnectionOptions } from './client-connection.ts';
import { cancelMethod, notification, request, type Reply, type RequestId } from './messages.ts';
import { Silence, type Patience } from './silence.ts';
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
  /** How long the owner may be silent. @default 15 s until it is asked, 30 s for the answer: a busy machine is slow */
  readonly patience?: Patience;
}

const usualPatience: Patience = { quietMs: 15_000, answerMs: 30_000 };

/** Of the question whether the owner still answers. */
const aliveId = 'alive';

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
  readonly #silence: Silence;
  #lostBy: AgentRuntimeError | undefined;
  #nextId = 1;

  private constructor(path: string, calls: ClientConnection, options: ChannelOptions) {
    this.#path = path;
    this.#options = options;
    this.#calls = calls;
    const { patience = usualPatience } = options;
    this.#silence = new Silence(patience, {
      // Any answer will do, and the reader of answers does not know this id.
      ask: () => calls.send(request(aliveId, 'info', {})),
      giveUp: () => this.#giveUp(silentOwner(patience.quietMs + patience.answerMs)),
    });
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
    this.#silence.awaits();
    try {
      return await new Promise((resolve, reject) => {
        this.#pending.set(id, { resolve, reject });
        this.#calls.send(request(id, method, params));
      });
    } finally {
      this.#pending.delete(id);
      this.#silence.settled();
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
    this.#silence.awaits();
    try {
      throwIfAborted(this.#closing.signal);
      connection.send(request(1, method, params));
      for (let items = await reader.next(); items; items = await reader.next()) yield items;
    } finally {
      reader.close();
      this.#silence.settled();
      this.#streams.delete(connection);
    }
  }

  close(): Promise<void> {
    const closed = planeClosed();
    this.#closing.abort(closed);
    for (const connection of this.#streams) connection.lose(closed);
    this.#calls.lose(closed);
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
    this.#silence.heard();
    if ('params' in reply || reply.id === null) return;
    const pending = this.#pending.get(reply.id);
    if ('error' in reply) pending?.reject(AgentRuntimeError.fromData(reply.error.data));
    else pending?.resolve(reply.result);
  }

  #giveUp(error: AgentRuntimeError): void {
    for (const connection of this.#streams) connection.lose(error);
    this.#calls.lose(error);
  }

  #lose(error: AgentRuntimeError): void {
    this.#lostBy = error;
    this.#loss.resolve(error);
    for (const { reject } of this.#pending.values()) reject(error);
    this.#pending.clear();
  }
}
