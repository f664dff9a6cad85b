import type { SessionEvent } from '@runtime/contracts/adapter';
import type { MessageUpdate, PiMessage } from '../wire.ts';
import { eventPieces, headOf } from '@runtime/adapter-kit/source';
import { emptyHeadAndTail, grow, keptText, type HeadAndTail } from './text.ts';

/** The assistant's message that is being written. */
export interface OpenMessage {
  readonly id: string;
  readonly kept: HeadAndTail;
  /** It has reasoning. */
  reasoned: boolean;
  /** It has text. */
  spoke: boolean;
}

export const openMessage = (id: string): OpenMessage => ({
  id,
  kept: emptyHeadAndTail(),
  reasoned: false,
  spoke: false,
});

function addText(message: OpenMessage, text: string): SessionEvent[] {
  message.spoke = true;
  grow(message.kept, text);
  return eventPieces(text).map((piece) => ({ type: 'text.delta', messageId: message.id, text: piece }));
}

/** An increment as events. Blocks may interleave; their texts are joined in the order in which they come. */
export function onUpdate(message: OpenMessage, { part, delta }: MessageUpdate): SessionEvent[] {
  if (delta === '') return [];
  if (part === 'text_delta') return addText(message, delta);
  if (part !== 'thinking_delta') return [];
  message.reasoned = true;
  return eventPieces(delta).map((piece) => ({ type: 'reasoning.delta', messageId: message.id, text: piece }));
}

export function wholeText(content: PiMessage['content']): string {
  if (content === undefined || typeof content === 'string') return content ?? '';
  return content.map((block) => (block.type === 'text' ? (block.text ?? '') : '')).join('');
}

/** The text of a message that had no increments. */
export function textWithoutDeltas(message: OpenMessage, content: PiMessage['content']): SessionEvent[] {
  const text = message.spoke ? '' : wholeText(content);
  return text === '' ? [] : addText(message, text);
}

export function completed(message: OpenMessage): SessionEvent[] {
  // A message of tool calls alone has nothing to complete.
  if (!message.spoke && !message.reasoned) return [];
  const { text, omittedChars } = keptText(message.kept);
  return [{ type: 'message.completed', messageId: message.id, text, ...(omittedChars > 0 ? { omittedChars } : {}) }];
}

export function discarded(message: OpenMessage, reason: string): SessionEvent[] {
  if (!message.spoke && !message.reasoned) return [];
  return [{ type: 'message.discarded', messageId: message.id, reason: headOf(reason, 2000) }];
}
