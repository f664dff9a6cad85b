import type { Socket } from 'node:net';
import { AgentRuntimeError } from '@runtime/contracts';
import { streamMethods, type Channel } from '../client/channel.ts';
import { errorNumber, rpcErrors } from './error-numbers.ts';
import { encodeFrame, FrameReader, maxFrameBytes } from './frames.ts';
import {
  cancelMethod,
  failure,
  helloMethod,
  itemsMethod,
  notification,
  protocol,
  requestSchema,
  result,
  type Hello,
  type RequestId,
} from './messages.ts';
import { whenDrained } from './when-drained.ts';

/** Calls and streams of one connection that may be under way at once. */
const maxCalls = 256;

/** How much of the owner a connection may hold that does not do its part. */
export interface ConnectionLimits {
  /** Open at once. */
  readonly connections: number;
  /** Until the first whole frame has come, in ms. */
  readonly firstFrameMs: number;
  /** From the first byte of a frame to its last, in ms; while the server itself does not read, it does not count. */
  readonly frameMs: number;
  /** For the last answers, once one side has closed, in ms. */
  readonly closingMs: number;
}

type Params = Readonly<Record<string, unknown>>;

/**
 * The server's side of one connection: reads requests, answers each as soon as its answer is there, and aborts all of
 * them when the client goes away.
 */
export class ServerConnection {
  readonly #socket: Socket;
  readonly #channel: Channel;
  readonly #frames = new FrameReader();
  readonly #drained: () => Promise<void>;
  readonly #running = new Map<RequestId, AbortController>();
  readonly #limits: ConnectionLimits;
  /** Runs while the client owes us something. */
  #patience: NodeJS.Timeout | undefined;
  #hasSpoken = false;
  #broken = false;

  constructor(socket: Socket, channel: Channel, limits: ConnectionLimits) {
    this.#socket = socket;
    this.#channel = channel;
    this.#limits = limits;
    this.#drained = whenDrained(socket);
  }

  /** Greets the client and serves it until the connection closes. */
  serve(hello: Omit<Hello, 'protocol'>): void {
    this.#socket.on('close', () => this.#endAll());
    this.#socket.on('error', () => this.#socket.destroy());
    this.#socket.on('data', (chunk) => this.#receive(chunk));
    // A client that has closed its side and does not read its answers never closes by itself.
    this.#socket.on('end', () => this.#endWithin(this.#limits.closingMs));
    this.#endWithin(this.#limits.firstFrameMs);
    this.#send(notification(helloMethod, { protocol, ...hello }));
  }

  /** Tells the client why the owner hangs up, once it has taken what was sent before. */
  dismiss(reason: AgentRuntimeError): void {
    this.#giveUp(errorNumber(reason), reason);
  }

  /** Hangs up, unless the last answer is on its way. */
  close(): void {
    if (!this.#broken) this.#socket.destroy();
  }

  #receive(chunk: Buffer): void {
    // After a violation the connection only waits until its last answer has left.
    if (this.#broken) return;
    const wasInFrame = this.#frames.inFrame;
    let isNew = false;
    try {
      for (const frame of this.#frames.read(chunk)) {
        isNew = true;
        this.#accept(frame);
        if (this.#broken) return;
      }
    } catch (thrown) {
      return this.#giveUp(rpcErrors.parseError, AgentRuntimeError.from(thrown, 'PROTOCOL_VIOLATION'));
    }
    this.#hasSpoken ||= isNew;
    if (this.#hasSpoken && (isNew || !wasInFrame)) this.#awaitRest();
    // A client that does not read its answers is not listened to until it does.
    if (this.#socket.writableNeedDrain) {
      this.#socket.pause();
      this.#endWithin(undefined);
      void this.#drained().then(() => {
        this.#socket.resume();
        this.#awaitRest();
      });
    }
  }

  /** A frame that has begun has its time; between frames a client may be silent for as long as it likes. */
  #awaitRest(): void {
    this.#endWithin(this.#frames.inFrame ? this.#limits.frameMs : undefined);
  }

  /** Ends the connection after this time, unless another time is set before. */
  #endWithin(ms: number | undefined): void {
    clearTimeout(this.#patience);
    if (ms !== undefined && !this.#socket.destroyed) this.#patience = setTimeout(() => this.#socket.destroy(), ms);
  }

  #accept(frame: unknown): void {
    const parsed = requestSchema.safeParse(frame);
    if (!parsed.success) {
      const error = new AgentRuntimeError('PROTOCOL_VIOLATION', whyNoRequest(frame), { cause: parsed.error });
      return this.#giveUp(rpcErrors.invalidRequest, error);
    }
    const { id, method, params } = parsed.data;
    if (id === undefined) return this.#notice(method, params);
    if (this.#running.size >= maxCalls) {
      const error = new AgentRuntimeError('EXHAUSTED', `at most ${maxCalls} calls may be under way on one connection`);
      this.#send(failure(id, error));
    } else if (this.#running.has(id)) {
      const error = new AgentRuntimeError(
        'PROTOCOL_VIOLATION',
        `the id ${JSON.stringify(id)} belongs to a call that is still under way`,
      );
      this.#giveUp(rpcErrors.invalidRequest, error);
    } else if (Array.isArray(params)) {
      this.#send(failure(id, new AgentRuntimeError('INVALID_ARGUMENT', `${method} takes its parameters by name`)));
    } else this.#start(id, method, params);
  }

  /** Ignores every notification but a cancellation: the failure of anything else could not be reported. */
  #notice(method: string, params: Params | readonly unknown[]): void {
    if (method !== cancelMethod || !('id' in params)) return;
    const { id } = params;
    if (typeof id !== 'string' && typeof id !== 'number') return;
    this.#running.get(id)?.abort(new AgentRuntimeError('CANCELLED', 'the client cancelled the call'));
  }

  #start(id: RequestId, method: string, params: Params): void {
    const controller = new AbortController();
    this.#running.set(id, controller);
    const { signal } = controller;
    const work = streamMethods.has(method)
      ? this.#flow(id, method, params, signal)
      : this.#answer(id, method, params, signal);
    void work
      .catch((thrown: unknown) => this.#send(failure(id, AgentRuntimeError.from(thrown))))
      .finally(() => this.#running.delete(id));
  }

  async #answer(id: RequestId, method: string, params: Params, signal: AbortSignal): Promise<void> {
    const answer = result(id, await this.#channel.call(method, params, { signal }));
    // A call counts as under way until its answer has room: that bounds what waits for a slow reader.
    if (!this.#send(answer)) await this.#drained();
  }

  async #flow(id: RequestId, method: string, params: Params, signal: AbortSignal): Promise<void> {
    for await (const items of this.#channel.stream(method, params, { signal })) {
      if (!this.#send(notification(itemsMethod, { id, items }))) await this.#drained();
      if (signal.aborted || this.#broken) break;
    }
    this.#send(result(id, null));
  }

  /** Says why in an answer to no request, and hangs up. */
  #giveUp(code: number, error: AgentRuntimeError): void {
    if (this.#broken) return;
    this.#send(failure(null, error, code));
    this.#broken = true;
    this.#socket.destroySoon();
    this.#endWithin(this.#limits.closingMs);
  }

  /**
   * False when the socket is full: wait for `drained` before sending more.
   * Throws EXHAUSTED for a message that is larger than a frame.
   */
  #send(message: unknown): boolean {
    if (this.#socket.destroyed || this.#broken) return true;
    const frame = encodeFrame(message);
    if (frame === undefined) throw answerTooLarge();
    return this.#socket.write(frame);
  }

  #endAll(): void {
    clearTimeout(this.#patience);
    for (const controller of this.#running.values())
      controller.abort(new AgentRuntimeError('CANCELLED', 'the client went away'));
    this.#running.clear();
  }
}

/** Tells a client that too many are connected, and hangs up. */
export function refuseConnection(socket: Socket, hello: Omit<Hello, 'protocol'>, limits: ConnectionLimits): void {
  const error = new AgentRuntimeError('EXHAUSTED', `${limits.connections} connections to this owner are open`, {
    hint: 'close some of them, or wait and connect again',
  });
  const end = setTimeout(() => socket.destroy(), limits.closingMs);
  socket.on('error', () => socket.destroy());
  socket.on('close', () => clearTimeout(end));
  socket.resume();
  for (const message of [notification(helloMethod, { protocol, ...hello }), failure(null, error)]) {
    socket.write(`${JSON.stringify(message)}\n`);
  }
  socket.destroySoon();
}

const answerTooLarge = (): AgentRuntimeError =>
  new AgentRuntimeError('EXHAUSTED', `the answer is larger than ${maxFrameBytes} bytes`, {
    retry: 'never',
    hint: 'ask for less at a time, with a limit',
  });

function whyNoRequest(frame: unknown): string {
  if (Array.isArray(frame)) return 'batches are not supported: send one request a line';
  if (typeof frame !== 'object' || frame === null || !('jsonrpc' in frame) || frame.jsonrpc !== '2.0')
    return `a frame is not a JSON-RPC 2.0 request; this socket speaks ${protocol}`;
  return 'a frame is not a valid request';
}
