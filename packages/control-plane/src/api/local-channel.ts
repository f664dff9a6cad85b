import { abortable, throwIfAborted, type AgentRuntimeError, type CallOptions } from '@runtime/contracts';
import { noSuchMethod, streamMethods, type Channel } from '../client/channel.ts';
import { callMethod } from './methods.ts';
import type { Ports } from './ports.ts';
import { readArtifact } from './read-artifact.ts';
import { readEvents } from './read-events.ts';

type Params = Readonly<Record<string, unknown>>;

/** The end of every channel that is at the data itself: of the socket server, and of the client in this process. */
export class LocalChannel implements Channel {
  readonly #ports: Ports;
  readonly #closing: AbortSignal;
  readonly lost: Promise<AgentRuntimeError>;

  /** @param closing breaks every stream off, and refuses every later call, with its reason */
  constructor(ports: Ports, closing: AbortSignal, lost: Promise<AgentRuntimeError>) {
    this.#ports = ports;
    this.#closing = closing;
    this.lost = lost;
  }

  async call(method: string, params: Params, { signal }: CallOptions = {}): Promise<unknown> {
    throwIfAborted(this.#closing);
    throwIfAborted(signal);
    return abortable(callMethod(this.#ports, { method, params, signal: signal ?? this.#closing }), signal);
  }

  async *stream(method: string, params: Params, { signal }: CallOptions = {}): AsyncIterable<readonly unknown[]> {
    throwIfAborted(this.#closing);
    if (!streamMethods.has(method)) throw noSuchMethod(method);
    const read = method === 'events' ? readEvents : readArtifact;
    try {
      yield* read(this.#ports.reader, params, { signal, closing: this.#closing });
    } catch (error) {
      // The log is closed with the plane, and says less.
      if (!signal?.aborted) throwIfAborted(this.#closing);
      throw error;
    }
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
