import {
  instructionLevelSchema,
  runOutcomeSchema,
  taskViewSchema,
  type ActOptions,
  type CallOptions,
  type Decision,
  type EventsOptions,
  type InstructionLevel,
  type Part,
  type Receipt,
  type RunOutcome,
  type SendOptions,
  type TaskHandle,
  type TaskStreamEvent,
  type TaskView,
  type WaitOptions,
} from '@runtime/contracts';
import { z } from 'zod';
import { ask } from './ask.ts';
import { actParams, callOptions, eventsParams, waitParams } from './call-params.ts';
import type { Channel } from './channel.ts';
import { eachEvent } from './each-event.ts';
import { givenOptions, plainData } from './plain-data.ts';

const queuedSchema = z.object({ instructionId: z.string() });

/** A task over a channel. */
export class TaskClient implements TaskHandle {
  readonly id: string;
  readonly #channel: Channel;

  constructor(channel: Channel, id: string) {
    this.#channel = channel;
    this.id = id;
  }

  status(options?: CallOptions): Promise<TaskView> {
    return ask(this.#channel, taskViewSchema, 'task.status', { taskId: this.id }, options);
  }

  events(given?: EventsOptions): AsyncIterable<TaskStreamEvent> {
    const options = givenOptions(given);
    const params = { taskId: this.id, ...eventsParams(options) };
    return eachEvent(this.#channel.stream('events', params, callOptions(options)));
  }

  outcome(options: WaitOptions = {}): Promise<RunOutcome> {
    const params = { taskId: this.id, ...waitParams(options) };
    return ask(this.#channel, runOutcomeSchema, 'task.outcome', params, callOptions(options));
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

  async #send(mode: 'steer' | 'followUp', input: string | readonly Part[], given?: SendOptions): Promise<Receipt> {
    const { signal, ...rest } = givenOptions(given);
    const parts = typeof input === 'string' ? [{ type: 'text', text: input }] : input;
    const params = { taskId: this.id, mode, parts: plainData(parts), ...rest };
    const options = signal ? { signal } : {};
    const { instructionId } = await ask(this.#channel, queuedSchema, 'task.send', params, options);
    return new ReceiptClient(this.#channel, this.id, instructionId);
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

  constructor(channel: Channel, taskId: string, instructionId: string) {
    this.#channel = channel;
    this.taskId = taskId;
    this.instructionId = instructionId;
  }

  level(options?: CallOptions): Promise<InstructionLevel> {
    const { taskId, instructionId } = this;
    return ask(this.#channel, instructionLevelSchema, 'task.level', { taskId, instructionId }, options);
  }

  async reached(level: 'accepted' | 'delivered' | 'observed', options?: CallOptions): Promise<void> {
    const { taskId, instructionId } = this;
    await this.#channel.call('task.reached', { taskId, instructionId, level }, options);
  }
}
