import type { Dialect } from './dialect.ts';
import type { Json } from './wire.ts';

/** One block of an assistant message. */
export type ContentBlock =
  | { type: 'text'; text: string }
  | { type: 'thinking'; thinking: string }
  | { type: 'toolCall'; id: string; name: string; arguments: Json };

/** Why an assistant message ended; `pending` while it streams. */
export type StopReason = 'pending' | 'stop' | 'length' | 'toolUse' | 'error' | 'aborted';

/** A user message as Pi writes it. */
export function userMessage(text: string): Json {
  return { role: 'user', content: [{ type: 'text', text }], timestamp: Date.now() };
}

/** The system message of a new session. */
export function systemMessage(): Json {
  const sections = { preamble: 'A double of Pi: its answers are scripted.' };
  return { role: 'system', content: '', sections, timestamp: Date.now(), toolsAdded: [] };
}

/** What an assistant message is made of. */
export interface AssistantParts {
  readonly content: readonly ContentBlock[];
  readonly stopReason: StopReason;
  readonly timestamp: number;
  /** Absent when the model server did not answer. */
  readonly responseId?: string;
  readonly errorMessage?: string;
}

/** Makes an assistant message as in `message_start` and `message_end`. */
export function assistantMessage(dialect: Dialect, model: string, parts: AssistantParts): Json {
  const { content, stopReason, timestamp, responseId, errorMessage } = parts;
  const complete = stopReason !== 'pending' && errorMessage === undefined;
  const [provider, ...id] = model.split('/');
  return {
    role: 'assistant',
    content: structuredClone(content),
    api: 'openai-completions',
    provider,
    model: id.join('/'),
    usage: complete ? usageOf(content) : usageOf([]),
    stopReason,
    timestamp,
    ...(responseId === undefined ? {} : { responseId }),
    ...(errorMessage === undefined ? {} : { errorMessage }),
    ...(complete && dialect.rawStopReason
      ? { rawStopReason: stopReason === 'toolUse' ? 'tool_calls' : stopReason }
      : {}),
    ...(stopReason !== 'pending' && dialect.durations
      ? { durationMs: Date.now() - timestamp, thinkingLevel: 'off' }
      : {}),
  };
}

/** Usage of a message: 100 input tokens, one output token per four characters. It only has to add up. */
export function usageOf(content: readonly ContentBlock[]): Json {
  const output = Math.ceil(JSON.stringify(content).length / 4);
  const [input, out] = content.length === 0 ? [0, 0] : [100, output];
  return {
    input,
    output: out,
    cacheRead: 0,
    cacheWrite: 0,
    totalTokens: input + out,
    cost: { input: input / 1e6, output: out / 5e5, cacheRead: 0, cacheWrite: 0, total: input / 1e6 + out / 5e5 },
  };
}
