import type { TaskStreamEvent } from '@runtime/contracts';
import type { Colours } from './output.ts';
import { createSanitizer, type StreamSanitizer } from '../sanitize.ts';
import { createLineBuffer, type LineBuffer } from './line-buffer.ts';
import { describeLine } from './event-line.ts';

export interface LiveViewOptions {
  readonly colours: Colours;
  /** Write running text at once. */
  readonly live: boolean;
  /** Only what the agent says. */
  readonly quiet: boolean;
  /** Reasoning and the plane's own steps as well. */
  readonly verbose: boolean;
}

/** What people watch while a task runs. Give it each event in order; it returns the text to write. */
export interface LiveView {
  show(event: TaskStreamEvent): string;
  /** A line between the events. */
  line(text: string): string;
  end(): string;
}

/** Pure but for its own memory: which message is running, and where the line stands. */
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

/** The agent's own words and the output of its process. Undefined for every other event. */
function createSpeech(buffer: LineBuffer): (event: TaskStreamEvent, verbose: boolean) => string | undefined {
  let running: { readonly key: string; readonly sanitizer: StreamSanitizer } | undefined;
  /** Messages of which something was shown and whose end has not come. */
  const begun = new Set<string>();
  /** Ends the running message before another one begins. */
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
      begun.add(event.messageId);
      return say(`text ${event.messageId}`, event.text);
    }
    if (event.type === 'message.completed') {
      // Its deltas were shown already, unless the backend gave none.
      const out = begun.delete(event.messageId) ? '' : say(`text ${event.messageId}`, event.text);
      return out + buffer.end();
    }
    if (event.type === 'output.delta') return say(`output ${event.source}`, event.text);
    if (event.type === 'reasoning.delta') return verbose ? say(`reasoning ${event.messageId}`, event.text) : '';
    return undefined;
  };
}
