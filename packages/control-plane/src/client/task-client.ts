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
} from '@runtime/contracts';
import { z } from 'zod';
import { actParams, callOptions, eventsParams } from './call-params.ts';
import type { Channel } from './channel.ts';
import { eachEvent } from './each-event.ts';
import { parseWith } from './parse.ts';

const queuedSchema = z.object({ instructionId: z.string() });

/** A task over a channel. */
export class TaskClient implements TaskHandle {
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
    const params = { taskId: this.id, ...eventsParams(options) };
    return eachEvent(this.#channel.stream('events', params, callOptions(options)));
  }

  async outcome(options?: CallOptions): Promise<RunOutcome> {
    const result = await this.#channel.call('task.outcome', { taskId: this.id }, options);
    return parseWith(runOutcomeSchema, result, 'outcome');
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

  async #send(
    mode: 'steer' | 'followUp',
    input: string | readonly Part[],
    { signal, ...rest }: SendOptions = {},
  ): Promise<Receipt> {
    const parts = typeof input === 'string' ? [{ type: 'text', text: input }] : input;
    const params = { taskId: this.id, mode, parts, ...rest };
    const result = await this.#channel.call('task.send', params, signal ? { signal } : {});
    return new ReceiptClient(this.#channel, this.id, parseWith(queuedSchema, result, mode).instructionId);
  }

  async #act(method: string, options: ActOptions = {}, more: Readonly<Record<string, unknown>> = {}): Promise<void> {
    const params = { taskId: this.id, ...actParams(options), ...more };
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

  async level(options?: CallOptions): Promise<InstructionLevel> {
    const { taskId, instructionId } = this;
    const result = await this.#channel.call('task.level', { taskId, instructionId }, options);
    return parseWith(instructionLevelSchema, result, 'level');
  }

  async reached(level: 'accepted' | 'delivered' | 'observed', options?: CallOptions): Promise<void> {
    const { taskId, instructionId } = this;
    await this.#channel.call('task.reached', { taskId, instructionId, level }, options);
  }
}
