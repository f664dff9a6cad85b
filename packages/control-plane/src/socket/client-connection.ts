import { connect as connectSocket, type Socket } from 'node:net';
import { abortable, AgentRuntimeError, throwIfAborted, type CallOptions } from '@runtime/contracts';
import { encodeFrame, FrameReader, maxFrameBytes } from './frames.ts';
import { helloMethod, notification, parseHello, parseReply, protocol, type Hello, type Reply } from './messages.ts';

const helloTimeoutMs = 5_000;

interface Handlers {
  readonly onReply: (reply: Reply) => void;
  /** Called at most once. */
  readonly onLost: (error: AgentRuntimeError) => void;
}

/** Options of `ClientConnection.open`. */
export interface ConnectionOptions extends CallOptions {
  /** The owner that is meant. @default whoever answers */
  readonly pid?: number;
}

/** One connection to the owner of a data directory, after its greeting. */
export class ClientConnection {
  readonly #socket: Socket;
  /** Without a limit of depth: the owner checked its values when it recorded them. */
  readonly #frames = new FrameReader(Infinity);
  readonly #greeting = Promise.withResolvers<Hello>();
  #greeted = false;
  #lost: AgentRuntimeError | undefined;
  #handlers: Handlers | undefined;

  /**
   * Connects, waits for the greeting, for 5 s at most, and answers it.
   * UNAVAILABLE when no process listens or none greets, or another one than `pid`; PROTOCOL_VIOLATION when the owner
   * speaks another protocol.
   * Aborting `signal` closes the connection; it has no effect once this has resolved.
   */
  static async open(path: string, { signal, pid }: ConnectionOptions = {}): Promise<ClientConnection> {
    throwIfAborted(signal);
    const connection = new ClientConnection(connectSocket(path));
    const hello = await connection.#greet(signal);
    if (pid !== undefined && hello.pid !== pid) {
      connection.close();
      throw new AgentRuntimeError('UNAVAILABLE', `process ${hello.pid} answers, and not the owner`);
    }
    // The owner closes a connection that never says anything.
    connection.send(notification(helloMethod, { protocol }));
    return connection;
  }

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('error', (cause) => this.lose(ownerGone(cause)));
    socket.on('close', () => this.lose(ownerGone()));
    socket.on('data', (chunk) => this.#receive(chunk));
  }

  /** Hands over what comes from now on. */
  listen(handlers: Handlers): void {
    this.#handlers = handlers;
    if (this.#lost) handlers.onLost(this.#lost);
  }

  /** Throws INVALID_ARGUMENT for a message that is larger than a frame; nothing is sent then. */
  send(message: unknown): void {
    const frame = encodeFrame(message);
    if (frame === undefined) throw requestTooLarge();
    this.#socket.write(frame);
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  close(): void {
    this.#socket.destroy();
  }

  async #greet(signal: AbortSignal | undefined): Promise<Hello> {
    const late = (): void => this.lose(silentOwner(helloTimeoutMs));
    const timer = setTimeout(late, helloTimeoutMs);
    try {
      return await abortable(this.#greeting.promise, signal);
    } catch (error) {
      this.#socket.destroy();
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  #receive(chunk: Buffer): void {
    try {
      for (const frame of this.#frames.read(chunk)) this.#take(frame);
    } catch (cause) {
      this.lose(otherProtocol(cause));
    }
  }

  #take(frame: unknown): void {
    if (!this.#greeted) {
      const hello = parseHello(frame);
      this.#greeted = true;
      this.#greeting.resolve(hello);
      return;
    }
    const reply = parseReply(frame);
    if (!reply) return;
    // The owner could not read something of this connection, and hangs up.
    if ('error' in reply && reply.id === null) this.lose(AgentRuntimeError.fromData(reply.error.data));
    else this.#handlers?.onReply(reply);
  }

  /** Ends the connection with this reason, unless it has ended. */
  lose(error: AgentRuntimeError): void {
    this.#socket.destroy();
    if (this.#lost) return;
    this.#lost = error;
    this.#greeting.reject(error);
    this.#handlers?.onLost(error);
  }
}

const requestTooLarge = (): AgentRuntimeError =>
  new AgentRuntimeError('INVALID_ARGUMENT', `the request is larger than ${maxFrameBytes} bytes`, {
    hint: 'put large content into a file in the workspace and name it in the prompt',
  });

/** Of an owner that lives, as far as the socket shows, and says nothing. */
export const silentOwner = (ms: number): AgentRuntimeError =>
  new AgentRuntimeError('UNAVAILABLE', `the owner did not answer within ${ms / 1000} s`, {
    hint: 'its process may be stopped or overloaded: runtime doctor shows which one it is',
    details: { gone: true, silent: true },
  });

const ownerGone = (cause?: unknown): AgentRuntimeError =>
  new AgentRuntimeError('UNAVAILABLE', 'the owner of the data directory is gone', {
    hint: 'the work goes on and nothing is lost; ask again, and a new owner takes over',
    details: { gone: true },
    ...(cause === undefined ? {} : { cause }),
  });

const otherProtocol = (cause: unknown): AgentRuntimeError =>
  new AgentRuntimeError('PROTOCOL_VIOLATION', `the owner does not speak ${protocol}`, {
    hint: 'restart it with this version',
    cause,
  });
