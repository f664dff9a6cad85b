import { abortable, AgentRuntimeError, throwIfAborted, type CallOptions } from '@runtime/contracts';
import { noSuchMethod, streamMethods, type Channel } from '../client/channel.ts';
import { callMethod } from './methods.ts';
import type { Ports } from './ports.ts';
import { readEvents } from './read-events.ts';

type Params = Readonly<Record<string, unknown>>;

/** The end of every channel that is at the data itself: of the socket server, and of the client in this process. */
export class LocalChannel implements Channel {
  readonly #ports: Ports;
  readonly #closing: AbortSignal;
  readonly lost: Promise<AgentRuntimeError>;

  /** @param closing ends every stream, and refuses every later call */
  constructor(ports: Ports, closing: AbortSignal, lost: Promise<AgentRuntimeError>) {
    this.#ports = ports;
    this.#closing = closing;
    this.lost = lost;
  }

  async call(method: string, params: Params, { signal }: CallOptions = {}): Promise<unknown> {
    this.#checkOpen();
    throwIfAborted(signal);
    return abortable(callMethod(this.#ports, { method, params, signal: signal ?? this.#closing }), signal);
  }

  async *stream(method: string, params: Params, { signal }: CallOptions = {}): AsyncIterable<readonly unknown[]> {
    this.#checkOpen();
    if (!streamMethods.has(method)) throw noSuchMethod(method);
    const ending = signal ? AbortSignal.any([signal, this.#closing]) : this.#closing;
    yield* readEvents(this.#ports.reader, params, ending);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #checkOpen(): void {
    if (this.#closing.aborted) throw new AgentRuntimeError('UNAVAILABLE', 'the plane is closed');
  }
}
