import { abortable, AgentRuntimeError, throwIfAborted, type CallOptions, type PlaneInfo } from '@runtime/contracts';
import type { Channel } from '../client/channel.ts';
import { callMethod } from './methods.ts';
import type { Plane } from '../plane/plane.ts';
import { readEvents } from './read-events.ts';

/** The plane's own end of every channel: the socket server speaks to it, and so does the client in this process. */
export class LocalChannel implements Channel {
  readonly #plane: Plane;
  readonly #info: () => PlaneInfo;
  readonly lost: Promise<AgentRuntimeError>;

  constructor(plane: Plane, info: () => PlaneInfo, lost: Promise<AgentRuntimeError>) {
    this.lost = lost;
    this.#plane = plane;
    this.#info = info;
  }

  async call(
    method: string,
    params: Readonly<Record<string, unknown>>,
    { signal }: CallOptions = {},
  ): Promise<unknown> {
    this.#checkOpen();
    throwIfAborted(signal);
    if (method === 'info') return this.#info();
    return abortable(callMethod(this.#plane, method, params, signal ?? this.#plane.ctx.closing), signal);
  }

  async *stream(
    method: string,
    params: Readonly<Record<string, unknown>>,
    { signal }: CallOptions = {},
  ): AsyncIterable<readonly unknown[]> {
    this.#checkOpen();
    if (method !== 'events')
      throw new AgentRuntimeError('NOT_FOUND', `there is no stream ${JSON.stringify(method.slice(0, 80))}`);
    const { closing, log } = this.#plane.ctx;
    const ending = signal ? AbortSignal.any([signal, closing]) : closing;
    yield* readEvents(log, params, (id) => void this.#plane.unfinishedTask(id), ending);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #checkOpen(): void {
    if (this.#plane.ctx.closing.aborted) throw new AgentRuntimeError('UNAVAILABLE', 'the plane is closed');
  }
}
