import { randomUUID } from 'node:crypto';
import type { PiTool } from '../pi-script.ts';
import { type ContentBlock, type StopReason, assistantMessage, usageOf } from './messages.ts';
import type { Pi } from './pi.ts';
import { type Json, emit } from './wire.ts';

/** A tool that the answer calls, with the id under which its result comes back. */
export interface CalledTool {
  readonly id: string;
  readonly tool: PiTool;
}

/** One answer of the model as it streams. Its message starts at the first content, as in Pi. */
export class MessageDraft {
  readonly #pi: Pi;
  readonly #content: ContentBlock[] = [];
  readonly #timestamp = Date.now();
  readonly #responseId = `chatcmpl-${randomUUID()}`;
  #started = false;

  constructor(pi: Pi) {
    this.#pi = pi;
  }

  get isEmpty(): boolean {
    return this.#content.length === 0;
  }

  /** Appends to the open block of this kind, or opens one. */
  append(kind: 'text' | 'thinking', delta: string): void {
    let index = this.#content.length - 1;
    if (this.#content[index]?.type !== kind) {
      const block: ContentBlock = kind === 'text' ? { type: 'text', text: '' } : { type: 'thinking', thinking: '' };
      index = this.#open(block, { type: `${kind}_start` });
    }
    const block = this.#content[index];
    if (block?.type === 'text') block.text += delta;
    if (block?.type === 'thinking') block.thinking += delta;
    this.#update({ type: `${kind}_delta`, contentIndex: index, delta });
  }

  callTools(tools: readonly PiTool[]): CalledTool[] {
    return tools.map((tool) => {
      const id = `call_${randomUUID().slice(0, 8)}`;
      const args = { ...tool.args };
      const named = this.#pi.dialect.wholeMessageInUpdates ? {} : { id, toolName: tool.name };
      const block: ContentBlock = { type: 'toolCall', id, name: tool.name, arguments: args };
      const contentIndex = this.#open(block, { type: 'toolcall_start', ...named });
      this.#update({ type: 'toolcall_delta', contentIndex, delta: '' });
      this.#update({ type: 'toolcall_delta', contentIndex, delta: JSON.stringify(args) });
      return { id, tool };
    });
  }

  /** Ends the message. The blocks of a failed one stay open. */
  end(stopReason: StopReason, errorMessage?: string): Json {
    if (stopReason !== 'error')
      for (const [index, block] of this.#content.entries()) this.#update(blockEnd(block, index));
    const message = this.#snapshot(stopReason, errorMessage);
    if (!this.#started) emit({ type: 'message_start', message });
    emit({ type: 'message_end', message });
    return message;
  }

  #open(block: ContentBlock, event: Json): number {
    const contentIndex = this.#content.length;
    this.#start();
    this.#content.push(block);
    this.#update({ ...event, contentIndex });
    return contentIndex;
  }

  #start(): void {
    if (this.#started) return;
    emit({ type: 'message_start', message: this.#snapshot(this.#pi.dialect.startStopReason) });
    this.#started = true;
  }

  #update(event: Json): void {
    const { wholeMessageInUpdates, startStopReason } = this.#pi.dialect;
    if (wholeMessageInUpdates) {
      const message = this.#snapshot(startStopReason);
      emit({ type: 'message_update', assistantMessageEvent: { ...event, partial: message }, message });
    } else emit({ type: 'message_update', usage: usageOf([]), assistantMessageEvent: event });
  }

  #snapshot(stopReason: StopReason, errorMessage?: string): Json {
    return assistantMessage(this.#pi.dialect, this.#pi.args.model, {
      content: this.#content,
      stopReason,
      timestamp: this.#timestamp,
      ...(this.#started ? { responseId: this.#responseId } : {}),
      ...(errorMessage === undefined ? {} : { errorMessage }),
    });
  }
}

function blockEnd(block: ContentBlock, contentIndex: number): Json {
  if (block.type === 'text') return { type: 'text_end', contentIndex, content: block.text };
  if (block.type === 'thinking') return { type: 'thinking_end', contentIndex, content: block.thinking };
  return { type: 'toolcall_end', contentIndex, toolCall: block };
}
