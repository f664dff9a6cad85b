import type { TaskStreamEvent } from '@runtime/contracts';
import type { Colours } from './output.ts';
import { createSanitizer, type StreamSanitizer } from '../sanitize.ts';
import { createLineBuffer, type LineBuffer } from './line-buffer.ts';
import { describeLine } from './event-line.ts';

/** Options of the live view. */
export interface LiveViewOptions {
  readonly colours: Colours;
  /** Write streamed text at once, for a terminal. */
  readonly live: boolean;
  /** Show only what the agent says. */
  readonly quiet: boolean;
  /** Also show reasoning and the plane's own steps. */
  readonly verbose: boolean;
}

/** What people watch while a task runs. Pass it each event in order, and write the text that it returns. */
export interface LiveView {
  show(event: TaskStreamEvent): string;
  /** Adds a line between the events. */
  line(text: string): string;
  end(): string;
}

/** Makes a live view. It remembers the message that is being streamed and the state of the line, and has no effects. */
export function createLiveView(options: LiveViewOptions): LiveView {
  const buffer = createLineBuffer(options.live);
  const speech = createSpeech(buffer);
  return {
    show(event) {
      const spoken = speech(event, options.verbose);
      if (spoken !== undefined) return spoken;
      if (options.quiet) return '';
      const line = describeLine(event, options.colours, options.verbose);
      return line === undefined ? '' : buffer.line(line);
    },
    line: (text) => buffer.line(text),
    end: () => buffer.end(),
  };
}

/** Shows the agent's messages and the output of its process. Returns undefined for every other event. */
function createSpeech(buffer: LineBuffer): (event: TaskStreamEvent, verbose: boolean) => string | undefined {
  let running: { readonly key: string; readonly sanitizer: StreamSanitizer } | undefined;
  /** The messages whose deltas were shown and that are not completed. */
  const startedMessages = new Set<string>();
  /** Ends the line of the current message before another one starts. */
  const open = (key: string): { readonly out: string; readonly sanitizer: StreamSanitizer } => {
    if (running?.key === key) return { out: '', sanitizer: running.sanitizer };
    running = { key, sanitizer: createSanitizer() };
    return { out: buffer.end(), sanitizer: running.sanitizer };
  };
  const say = (key: string, text: string): string => {
    const { out, sanitizer } = open(key);
    return out + buffer.text(sanitizer.push(text));
  };
  return (event, verbose) => {
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
    if (event.type === 'reasoning.delta') return verbose ? say(`reasoning ${event.messageId}`, event.text) : '';
    return undefined;
  };
}
