import type { TaskStreamEvent } from '@runtime/contracts';
import { createSanitizer, type StreamSanitizer } from '../sanitize.ts';
import type { LineBuffer } from './line-buffer.ts';

/** How the agent's own words are shown. */
export interface SpeechOptions {
  /** How reasoning is painted; undefined to leave it out. */
  readonly reasoning: ((text: string) => string) | undefined;
}

/** Shows the agent's messages and the output of its process. Returns undefined for every other event. */
export function createSpeech(
  buffer: LineBuffer,
  { reasoning }: SpeechOptions,
): (event: TaskStreamEvent) => string | undefined {
  let running: { readonly key: string; readonly sanitizer: StreamSanitizer } | undefined;
  /** The messages whose deltas were shown and that are not completed. */
  const startedMessages = new Set<string>();
  /** Ends the line of the current message before another one starts. */
  const open = (key: string): { readonly out: string; readonly sanitizer: StreamSanitizer } => {
    if (running?.key === key) return { out: '', sanitizer: running.sanitizer };
    running = { key, sanitizer: createSanitizer() };
    return { out: buffer.end(), sanitizer: running.sanitizer };
  };
  const say = (key: string, text: string, paint?: (text: string) => string): string => {
    const { out, sanitizer } = open(key);
    return out + buffer.text(sanitizer.push(text), paint);
  };
  return (event) => {
    if (event.type === 'text.delta') {
      startedMessages.add(event.messageId);
      return say(`text ${event.messageId}`, event.text);
    }
    if (event.type === 'message.completed') {
      // Show the text only if no delta of it was shown.
      const out = startedMessages.delete(event.messageId) ? '' : say(`text ${event.messageId}`, event.text);
      return out + buffer.end();
    }
    if (event.type === 'output.delta') return say(`output ${event.source}`, event.text);
    if (event.type === 'reasoning.delta')
      return reasoning === undefined ? '' : say(`reasoning ${event.messageId}`, event.text, reasoning);
    return undefined;
  };
}
