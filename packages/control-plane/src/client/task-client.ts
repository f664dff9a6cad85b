import type {
  ActOptions,
  Artifact,
  ArtifactSource,
  CallOptions,
  Decision,
  EventsOptions,
  InstructionLevel,
  Part,
  PutArtifactOptions,
  Receipt,
  RemovalReport,
  RemoveOptions,
  RunOutcome,
  SendOptions,
  TaskHandle,
  TaskStreamEvent,
  TaskView,
  WaitOptions,
} from '@runtime/contracts';
import type { Answers } from './answers.ts';
import { artifactOf, artifactsOf } from './artifacts.ts';
import { ask } from './ask.ts';
import { actParams, callOptions, eventsParams, putParams, removeParams, waitParams } from './call-params.ts';
import type { Channel } from './channel.ts';
import { eachEvent } from './each-event.ts';
import { givenOptions, plainData } from './plain-data.ts';

/** A task over a channel. */
export class TaskClient implements TaskHandle {
  readonly id: string;
  readonly #channel: Channel;
  readonly #answers: Answers;

  constructor(channel: Channel, answers: Answers, id: string) {
    this.#channel = channel;
    this.#answers = answers;
    this.id = id;
  }

  status(options?: CallOptions): Promise<TaskView> {
    return ask(this.#channel, this.#answers.view, 'task.status', { taskId: this.id }, options);
  }

  events(given?: EventsOptions): AsyncIterable<TaskStreamEvent> {
    const options = givenOptions(given);
    const params = { taskId: this.id, ...eventsParams(options) };
    return eachEvent(this.#channel.stream('events', params, callOptions(options)));
  }

  artifacts(options?: CallOptions): AsyncIterable<Artifact> {
    return artifactsOf(this.#channel, this.id, options);
  }

  async putArtifact(name: string, source: ArtifactSource, given?: PutArtifactOptions): Promise<Artifact> {
    const options = givenOptions(given);
    const params = { taskId: this.id, name, ...putParams(source, options) };
    const { runId, ...kept } = await ask(this.#channel, this.#answers.kept, 'task.put', params, callOptions(options));
    return artifactOf(this.#channel, this.id, { ...kept, origin: 'put', ...(runId === undefined ? {} : { runId }) });
  }

  outcome(options: WaitOptions = {}): Promise<RunOutcome> {
    const params = { taskId: this.id, ...waitParams(options) };
    return ask(this.#channel, this.#answers.outcome, 'task.outcome', params, callOptions(options));
  }

  steer(input: string | readonly Part[], options?: SendOptions): Promise<Receipt> {
    return this.#send('steer', input, options);
  }

  followUp(input: string | readonly Part[], options?: SendOptions): Promise<Receipt> {
    return this.#send('followUp', input, options);
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

  async remove(given?: RemoveOptions): Promise<RemovalReport> {
    const options = givenOptions(given);
    const params = { taskId: this.id, ...removeParams(options) };
    return ask(this.#channel, this.#answers.removal, 'task.remove', params, callOptions(options));
  }

  async #send(mode: 'steer' | 'followUp', input: string | readonly Part[], given?: SendOptions): Promise<Receipt> {
    const { signal, ...rest } = givenOptions(given);
    const parts = typeof input === 'string' ? [{ type: 'text', text: input }] : input;
    const params = { taskId: this.id, mode, parts: plainData(parts), ...rest };
    const options = signal ? { signal } : {};
    const { instructionId } = await ask(this.#channel, this.#answers.queued, 'task.send', params, options);
    return new ReceiptClient(this.#channel, this.#answers, this.id, instructionId);
  }

  async #act(method: string, given?: ActOptions, more: Readonly<Record<string, unknown>> = {}): Promise<void> {
    const options = givenOptions(given);
    const params = { taskId: this.id, ...actParams(options), ...plainData(more) };
    await this.#channel.call(method, params, callOptions(options));
  }
}

class ReceiptClient implements Receipt {
  readonly taskId: string;
  readonly instructionId: string;
  readonly #channel: Channel;
  readonly #answers: Answers;

  constructor(channel: Channel, answers: Answers, taskId: string, instructionId: string) {
    this.#channel = channel;
    this.#answers = answers;
    this.taskId = taskId;
    this.instructionId = instructionId;
  }

  level(options?: CallOptions): Promise<InstructionLevel> {
    const { taskId, instructionId } = this;
    return ask(this.#channel, this.#answers.level, 'task.level', { taskId, instructionId }, options);
  }

  async reached(level: 'accepted' | 'delivered' | 'observed', options?: CallOptions): Promise<void> {
    const { taskId, instructionId } = this;
    await this.#channel.call('task.reached', { taskId, instructionId, level }, options);
  }
}
