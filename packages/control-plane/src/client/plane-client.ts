import {
  AgentRuntimeError,
  instructionLevelSchema,
  runOutcomeSchema,
  taskViewSchema,
  type ActOptions,
  type CallOptions,
  type ControlPlane,
  type CursoredEvent,
  type Decision,
  type EventsOptions,
  type ListOptions,
  type Part,
  type PlaneEvents,
  type PlaneInfo,
  type Receipt,
  type RunOutcome,
  type RuntimeReport,
  type SendOptions,
  type SubmitRequest,
  type TaskHandle,
  type TaskStreamEvent,
  type TaskView,
} from '@runtime/contracts';
import { EventEmitter } from 'eventemitter3';
import { resolve } from 'node:path';
import { z } from 'zod';
import type { Channel } from './channel.ts';
import { parseWith } from './parse.ts';

const submittedSchema = z.object({ id: z.string() });
const queuedSchema = z.object({ instructionId: z.string() });
const viewsSchema = z.array(taskViewSchema);

/** The plane as its users see it, over any channel: the same code in the owner's process and in a client's. */
export class PlaneClient implements ControlPlane {
  readonly #channel: Channel;
  readonly #closeOwner: () => Promise<void>;
  readonly #emitter = new EventEmitter<PlaneEvents>();
  #watching: AbortController | undefined;
  #closing: Promise<void> | undefined;
  readonly closed: Promise<AgentRuntimeError | undefined>;
  #letGo: () => void = () => undefined;

  constructor(channel: Channel, closeOwner: () => Promise<void> = () => Promise.resolve()) {
    this.#channel = channel;
    this.#closeOwner = closeOwner;
    const closed = new Promise<undefined>((resolve) => {
      this.#letGo = () => resolve(undefined);
    });
    // What goes away while we close it did not go away by itself.
    this.closed = Promise.race([closed, channel.lost.then((error) => (this.#closing ? closed : error))]);
  }

  async submit(request: SubmitRequest, options?: CallOptions): Promise<TaskHandle> {
    // Relative to whom it was said, not to the owner.
    const workspace = resolve(typeof request.workspace === 'string' ? request.workspace : '.');
    const result = await this.#channel.call('submit', { ...request, workspace }, options);
    return this.task(parseWith(submittedSchema, result, 'submit').id);
  }

  task(id: string): TaskHandle {
    return new ClientTask(this.#channel, id);
  }

  async tasks({ signal, status, limit }: ListOptions = {}): Promise<readonly TaskView[]> {
    const params = { ...(status ? { status: [...status] } : {}), ...(limit === undefined ? {} : { limit }) };
    return parseWith(viewsSchema, await this.#channel.call('tasks.list', params, callOptions(signal)), 'tasks');
  }

  events(options: EventsOptions = {}): AsyncIterable<CursoredEvent> {
    return flatten<CursoredEvent>(this.#channel.stream('events', eventParams(options), callOptions(options.signal)));
  }

  async runtimes(options: CallOptions & { readonly refresh?: boolean } = {}): Promise<readonly RuntimeReport[]> {
    const refresh = options.refresh ?? false;
    return (await this.#channel.call('runtimes', { refresh }, callOptions(options.signal))) as RuntimeReport[];
  }

  async info(options?: CallOptions): Promise<PlaneInfo> {
    return (await this.#channel.call('info', {}, options)) as PlaneInfo;
  }

  on<K extends keyof PlaneEvents>(name: K, listener: PlaneEvents[K]): this {
    this.#emitter.on(name, listener as never);
    this.#watch();
    return this;
  }

  off<K extends keyof PlaneEvents>(name: K, listener: PlaneEvents[K]): this {
    this.#emitter.off(name, listener as never);
    if (this.#emitter.eventNames().length === 0) {
      this.#watching?.abort();
      this.#watching = undefined;
    }
    return this;
  }

  #watch(): void {
    if (this.#watching || this.#closing) return;
    const watching = new AbortController();
    this.#watching = watching;
    const emit = async (): Promise<void> => {
      for await (const event of this.events({ after: 'now', signal: watching.signal })) {
        this.#tell('event', event);
        if (event.type === 'task.ended') {
          this.#tell('task.ended', {
            taskId: event.stream.slice('task/'.length),
            outcome: event['outcome'] as RunOutcome,
          });
        }
      }
    };
    // Observers have no guarantee, and the plane that went away shows in every call.
    emit()
      .catch(() => undefined)
      .finally(() => {
        if (this.#watching === watching) this.#watching = undefined;
      });
  }

  /** One listener's error is not the others' business, nor the end of the watching. */
  #tell<K extends keyof PlaneEvents>(name: K, ...args: Parameters<PlaneEvents[K]>): void {
    for (const listener of this.#emitter.listeners(name)) {
      try {
        (listener as (...given: Parameters<PlaneEvents[K]>) => void)(...args);
      } catch (thrown) {
        const { rawMessage } = AgentRuntimeError.from(thrown);
        process.emitWarning(`a listener for ${name} threw: ${rawMessage}`, 'AgentRuntimeWarning');
      }
    }
  }

  close(): Promise<void> {
    this.#closing ??= (async () => {
      this.#watching?.abort();
      try {
        await this.#channel.close();
        await this.#closeOwner();
      } finally {
        this.#letGo();
      }
    })();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

class ClientTask implements TaskHandle {
  readonly id: string;
  readonly #channel: Channel;

  constructor(channel: Channel, id: string) {
    this.#channel = channel;
    this.id = id;
  }

  async status(options?: CallOptions): Promise<TaskView> {
    return parseWith(taskViewSchema, await this.#channel.call('task.status', { taskId: this.id }, options), 'status');
  }

  events(options: EventsOptions = {}): AsyncIterable<TaskStreamEvent> {
    const params = { taskId: this.id, ...eventParams(options) };
    return flatten<TaskStreamEvent>(this.#channel.stream('events', params, callOptions(options.signal)));
  }

  async outcome(options?: CallOptions): Promise<RunOutcome> {
    return parseWith(
      runOutcomeSchema,
      await this.#channel.call('task.outcome', { taskId: this.id }, options),
      'outcome',
    );
  }

  steer(input: string | readonly Part[], options?: SendOptions): Promise<Receipt> {
    return this.#send('steer', input, options);
  }

  followUp(input: string | readonly Part[], options?: SendOptions): Promise<Receipt> {
    return this.#send('followUp', input, options);
  }

  async #send(
    mode: 'steer' | 'followUp',
    input: string | readonly Part[],
    { signal, ...rest }: SendOptions = {},
  ): Promise<Receipt> {
    const parts = typeof input === 'string' ? [{ type: 'text', text: input }] : input;
    const result = await this.#channel.call(
      'task.send',
      { taskId: this.id, mode, parts, ...rest },
      callOptions(signal),
    );
    return new ClientReceipt(this.#channel, this.id, parseWith(queuedSchema, result, mode).instructionId);
  }

  async interrupt(options?: ActOptions): Promise<void> {
    await this.#act('task.interrupt', options);
  }

  async cancel(options?: ActOptions): Promise<void> {
    await this.#act('task.cancel', options);
  }

  async close(options?: ActOptions): Promise<void> {
    await this.#act('task.close', options);
  }

  async answer(approvalId: string, decision: Decision, options?: ActOptions): Promise<void> {
    await this.#act('task.answer', options, { approvalId, decision });
  }

  async #act(
    method: string,
    { signal, by, why }: ActOptions = {},
    more: Readonly<Record<string, unknown>> = {},
  ): Promise<void> {
    const params = {
      taskId: this.id,
      ...(by === undefined ? {} : { by }),
      ...(why === undefined ? {} : { why }),
      ...more,
    };
    await this.#channel.call(method, params, callOptions(signal));
  }
}

class ClientReceipt implements Receipt {
  readonly taskId: string;
  readonly instructionId: string;
  readonly #channel: Channel;

  constructor(channel: Channel, taskId: string, instructionId: string) {
    this.#channel = channel;
    this.taskId = taskId;
    this.instructionId = instructionId;
  }

  async level(options?: CallOptions) {
    const { taskId, instructionId } = this;
    return parseWith(
      instructionLevelSchema,
      await this.#channel.call('task.level', { taskId, instructionId }, options),
      'level',
    );
  }

  async reached(level: 'accepted' | 'delivered' | 'observed', options?: CallOptions): Promise<void> {
    const { taskId, instructionId } = this;
    await this.#channel.call('task.reached', { taskId, instructionId, level }, options);
  }
}

const callOptions = (signal: AbortSignal | undefined): CallOptions => (signal ? { signal } : {});

const eventParams = ({ after, follow }: EventsOptions): Record<string, unknown> => ({
  ...(after === undefined ? {} : { after }),
  ...(follow === undefined ? {} : { follow }),
});

/** Our own log's events, checked when they were written: they are believed here. */
async function* flatten<E>(batches: AsyncIterable<readonly unknown[]>): AsyncIterable<E> {
  for await (const batch of batches) yield* batch as readonly E[];
}
