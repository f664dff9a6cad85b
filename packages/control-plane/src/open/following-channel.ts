import { setTimeout as sleep } from 'node:timers/promises';
import { abortable, AgentRuntimeError, throwIfAborted, type CallOptions } from '@runtime/contracts/base';
import type { Channel } from '../client/channel.ts';
import { planeClosed } from '../client/plane-closed.ts';

type Params = Readonly<Record<string, unknown>>;

/** Calls that may be made twice: they read, or their effect is the same the second time. */
const repeatable: ReadonlySet<string> = new Set([
  'info',
  'runtimes',
  'tasks.list',
  'task.status',
  'task.outcome',
  'task.level',
  'task.reached',
  'task.cancel',
  'task.close',
  'task.answer',
  'task.put',
  'artifacts.collect',
]);
/** Calls that may be made twice when they bring a key. */
const keyed: ReadonlySet<string> = new Set(['submit', 'task.send']);

const firstPauseMs = 20;
const maxPauseMs = 250;

/** How to get to the owner of a data directory. */
export interface FollowingOptions {
  /** Throws UNAVAILABLE where there is none that answers; `retry: 'never'` when that will not change. */
  readonly connect: (signal: AbortSignal) => Promise<Channel>;
  /** How long an owner is waited for, in ms: at first, and each time that one went away. */
  readonly waitMs: number;
}

/**
 * The way to whoever owns a data directory. When the owner goes away it is the way to the next one: streams go on after
 * their last cursor, and calls that may be repeated are.
 */
export class FollowingChannel implements Channel {
  readonly #options: FollowingOptions;
  readonly #closing = new AbortController();
  readonly #loss = Promise.withResolvers<AgentRuntimeError>();
  readonly lost = this.#loss.promise;
  /** The owner's, from the moment in which it is looked for. */
  #channel: Promise<Channel>;

  private constructor(options: FollowingOptions) {
    this.#options = options;
    this.#channel = this.#find();
  }

  /** Waits for the first owner. Throws UNAVAILABLE when none comes in time. */
  static async open(options: FollowingOptions, { signal }: CallOptions = {}): Promise<FollowingChannel> {
    const channel = new FollowingChannel(options);
    try {
      await abortable(channel.#channel, signal);
    } catch (error) {
      await channel.close();
      throw error;
    }
    return channel;
  }

  async call(method: string, params: Params, options: CallOptions = {}): Promise<unknown> {
    for (;;) {
      const channel = this.#channel;
      const owner = await abortable(channel, options.signal);
      try {
        return await owner.call(method, params, options);
      } catch (error) {
        if (!isOwnerGone(error) || options.signal?.aborted) throw error;
        this.#leave(channel, error);
        if (repeatable.has(method) || (keyed.has(method) && params['key'] !== undefined)) continue;
        throw halfDone(method, error);
      }
    }
  }

  async *stream(method: string, params: Params, options: CallOptions = {}): AsyncIterable<readonly unknown[]> {
    let after = params['after'];
    while (!options.signal?.aborted) {
      const channel = this.#channel;
      try {
        const owner = await abortable(channel, options.signal);
        for await (const items of owner.stream(method, after === undefined ? params : { ...params, after }, options)) {
          after = cursorOf(items.at(-1)) ?? after;
          yield items;
        }
        return;
      } catch (error) {
        if (options.signal?.aborted) return;
        if (!isOwnerGone(error)) throw error;
        this.#leave(channel, error);
      }
    }
  }

  async close(): Promise<void> {
    this.#closing.abort(planeClosed());
    const owner = await this.#channel.catch(() => undefined);
    await owner?.close();
  }

  /** Looks for the next owner, unless somebody does already. Throws the error again where there will be none. */
  #leave(channel: Promise<Channel>, error: AgentRuntimeError): void {
    if (this.#closing.signal.aborted) throw error;
    if (this.#channel === channel) this.#channel = this.#find();
  }

  #find(): Promise<Channel> {
    const finding = this.#look();
    finding.then(
      (owner) => {
        // Also when nothing is asked: `lost` tells of an owner that has no successor.
        void owner.lost.then((error) => {
          if (this.#channel === finding && !this.#closing.signal.aborted) this.#leave(finding, error);
        });
      },
      (error: unknown) => this.#loss.resolve(AgentRuntimeError.from(error)),
    );
    return finding;
  }

  async #look(): Promise<Channel> {
    const { connect, waitMs } = this.#options;
    const { signal } = this.#closing;
    const until = performance.now() + waitMs;
    for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 1.5, maxPauseMs)) {
      throwIfAborted(signal);
      try {
        return await connect(signal);
      } catch (thrown) {
        const error = AgentRuntimeError.from(thrown);
        const isFinal = error.code !== 'UNAVAILABLE' || error.retry === 'never' || performance.now() >= until;
        if (signal.aborted || isFinal) throw error;
      }
      await sleep(Math.min(pauseMs, Math.max(1, until - performance.now())), undefined, { signal }).catch(
        () => undefined,
      );
    }
  }
}

/** True for the error of an owner that went away, whose successor may know more. */
const isOwnerGone = (error: unknown): error is AgentRuntimeError =>
  AgentRuntimeError.isInstance(error) && error.code === 'UNAVAILABLE' && error.details?.['gone'] === true;

function cursorOf(item: unknown): unknown {
  return typeof item === 'object' && item !== null && 'cursor' in item ? item.cursor : undefined;
}

const halfDone = (method: string, cause: AgentRuntimeError): AgentRuntimeError =>
  new AgentRuntimeError('OUTCOME_UNKNOWN', `the owner went away during ${method}, which may have taken effect`, {
    hint: 'look at the task; with a key the call would have been repeated at the next owner',
    cause,
  });
