import type {
  AgentRuntimeError,
  CallOptions,
  ControlPlane,
  CursoredEvent,
  EventsOptions,
  GarbageOptions,
  GarbageReport,
  LeaveOptions,
  ListOptions,
  PlaneEvents,
  PlaneInfo,
  RemovalReport,
  RemoveOptions,
  Retention,
  RuntimeReport,
  RuntimesOptions,
  SubmitRequest,
  TaskHandle,
  TaskView,
} from '@runtime/contracts';
import type { ReadContentOptions } from '@runtime/contracts/artifacts';
import type { AppendOptions, AppendResult, EventFamily, NewEvent } from '@runtime/contracts/log';
import { abortable, throwIfAborted } from '@runtime/contracts/base';
import type { Answers } from './answers.ts';
import { readBytes } from './artifacts.ts';
import { ask } from './ask.ts';
import {
  callOptions,
  eventsParams,
  leaveParams,
  listParams,
  removeParams,
  runtimesParams,
  submitParams,
} from './call-params.ts';
import type { Channel } from './channel.ts';
import { eachEvent } from './each-event.ts';
import { noFamilies, type FamilyPort } from './family-port.ts';
import { Observers } from './observers.ts';
import { givenOptions, plainData } from './plain-data.ts';
import { TaskClient } from './task-client.ts';

/** The plane as its users see it, over any channel: the same code in the owner's process and in a client's. */
export class PlaneClient implements ControlPlane {
  readonly #channel: Channel;
  readonly #answers: Answers;
  readonly #closeOwner: () => Promise<void>;
  readonly #families: FamilyPort;
  readonly #observers: Observers;
  readonly #released = Promise.withResolvers<undefined>();
  #closing: Promise<void> | undefined;
  readonly closed: Promise<AgentRuntimeError | undefined>;

  constructor(
    channel: Channel,
    answers: Answers,
    closeOwner: () => Promise<void> = () => Promise.resolve(),
    families: FamilyPort = noFamilies,
  ) {
    this.#channel = channel;
    this.#answers = answers;
    this.#closeOwner = closeOwner;
    this.#families = families;
    this.#observers = new Observers((signal) => this.events({ after: 'now', signal }), answers.outcome);
    // A channel that is lost while this client closes it was not lost by itself.
    const lost = channel.lost.then((error) => (this.#closing ? this.#released.promise : error));
    this.closed = Promise.race([this.#released.promise, lost]);
  }

  async submit(request: SubmitRequest, options?: CallOptions): Promise<TaskHandle> {
    const { id } = await ask(
      this.#channel,
      this.#answers.submitted,
      'submit',
      submitParams(plainData(request)),
      options,
    );
    return this.task(id);
  }

  task(id: string): TaskHandle {
    return new TaskClient(this.#channel, this.#answers, id);
  }

  async tasks(given?: ListOptions): Promise<readonly TaskView[]> {
    const options = givenOptions(given);
    return ask(this.#channel, this.#answers.views, 'tasks.list', listParams(options), callOptions(options));
  }

  readArtifact(uri: string, options?: ReadContentOptions): AsyncIterable<Uint8Array> {
    return readBytes(this.#channel, uri, options);
  }

  async collectGarbage(given?: GarbageOptions): Promise<GarbageReport> {
    const options = givenOptions(given);
    const { dryRun = false } = options;
    return ask(this.#channel, this.#answers.garbage, 'artifacts.collect', { dryRun }, callOptions(options));
  }

  async prune(retention: Retention, given?: RemoveOptions): Promise<RemovalReport> {
    const options = givenOptions(given);
    const params = { ...plainData(retention), ...removeParams(options) };
    return ask(this.#channel, this.#answers.removal, 'tasks.prune', params, callOptions(options));
  }

  events(given?: EventsOptions): AsyncIterable<CursoredEvent> {
    const options = givenOptions(given);
    return eachEvent(this.#channel.stream('events', eventsParams(options), callOptions(options)));
  }

  async runtimes(given?: RuntimesOptions): Promise<readonly RuntimeReport[]> {
    const options = givenOptions(given);
    return ask(this.#channel, this.#answers.reports, 'runtimes', runtimesParams(options), callOptions(options));
  }

  info(options?: CallOptions): Promise<PlaneInfo> {
    return ask(this.#channel, this.#answers.info, 'info', {}, options);
  }

  async append(
    stream: string,
    events: readonly NewEvent[],
    given?: Pick<AppendOptions, 'expected' | 'signal'>,
  ): Promise<AppendResult> {
    const { signal, ...options } = givenOptions(given);
    throwIfAborted(signal);
    return abortable(this.#families.append(stream, plainData(events), options), signal);
  }

  async state<State>(family: EventFamily<State>, given?: CallOptions): Promise<State> {
    const { signal } = givenOptions(given);
    throwIfAborted(signal);
    return abortable(this.#families.state(family), signal);
  }

  async leave(given?: LeaveOptions): Promise<void> {
    const options = givenOptions(given);
    await ask(this.#channel, this.#answers.left, 'leave', leaveParams(options), callOptions(options));
  }

  on<K extends keyof PlaneEvents>(name: K, listener: PlaneEvents[K]): this {
    this.#observers.on(name, listener);
    return this;
  }

  off<K extends keyof PlaneEvents>(name: K, listener: PlaneEvents[K]): this {
    this.#observers.off(name, listener);
    return this;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    this.#observers.close();
    try {
      await this.#channel.close();
      await this.#closeOwner();
    } finally {
      this.#released.resolve(undefined);
    }
  }
}
