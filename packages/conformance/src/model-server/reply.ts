import type { Conversation } from './conversation.ts';
import type { Reply, Usage } from './scenario.ts';
import { fill, fillJson } from './template.ts';

/** One increment of the assistant's message, as chat completions spell it. */
export interface Delta {
  readonly content?: string;
  readonly reasoning_content?: string;
  readonly tool_calls?: readonly ToolCallDelta[];
}

interface ToolCallDelta {
  readonly index: number;
  readonly id?: string;
  readonly type?: 'function';
  readonly function: { readonly name?: string; readonly arguments: string };
}

/** A reply with its templates filled in, not yet cut into increments. */
export interface PreparedReply {
  readonly reasoning: readonly string[];
  readonly text: readonly string[];
  readonly repeatText: number;
  readonly toolCalls: readonly { id: string; name: string; arguments: string; pieces: number }[];
  readonly finishReason: string | null;
  readonly usage: Usage;
}

/** Fills in the templates of a reply. The default usage counts `requestBytes` as the prompt. */
export function prepareReply(
  reply: Reply,
  conversation: Conversation,
  requestNumber: number,
  requestBytes: number,
): PreparedReply {
  const chunks = (source: string | string[] | undefined): string[] => {
    if (source === undefined) return [];
    if (typeof source === 'string') return words(fill(source, conversation, requestNumber));
    return source.map((chunk) => fill(chunk, conversation, requestNumber));
  };
  const reasoning = chunks(reply.reasoning);
  const text = chunks(reply.text);
  const toolCalls = reply.toolCalls.map((call, index) => ({
    id: call.id ?? `call_${requestNumber}_${index}`,
    name: call.name,
    arguments:
      typeof call.arguments === 'string'
        ? fill(call.arguments, conversation, requestNumber)
        : JSON.stringify(fillJson(call.arguments, conversation, requestNumber)),
    pieces: call.pieces,
  }));
  const characters =
    reasoning.join('').length + text.join('').length * reply.repeatText + JSON.stringify(toolCalls).length;
  return {
    reasoning,
    text,
    repeatText: reply.repeatText,
    toolCalls,
    finishReason:
      reply.finishReason === undefined ? (toolCalls.length > 0 ? 'tool_calls' : 'stop') : reply.finishReason,
    usage: reply.usage ?? {
      promptTokens: Math.ceil(requestBytes / 4),
      completionTokens: Math.ceil(characters / 4),
      cachedTokens: 0,
    },
  };
}

/** Yields the increments of a reply in the order of a real backend, without ever holding a flood in memory. */
export function* deltas(reply: PreparedReply): Generator<Delta> {
  for (const chunk of reply.reasoning) yield { reasoning_content: chunk };
  for (let round = 0; round < reply.repeatText; round += 1) for (const chunk of reply.text) yield { content: chunk };
  for (const [index, call] of reply.toolCalls.entries()) {
    yield {
      tool_calls: [{ index, id: call.id, type: 'function', function: { name: call.name, arguments: '' } }],
    };
    for (const piece of pieces(call.arguments, call.pieces)) {
      yield { tool_calls: [{ index, function: { arguments: piece } }] };
    }
  }
}

/** The same reply as one message, for `stream: false`. */
export function wholeMessage(reply: PreparedReply): Record<string, unknown> {
  const text = reply.text.join('').repeat(reply.repeatText);
  return {
    role: 'assistant',
    content: text === '' && reply.toolCalls.length > 0 ? null : text,
    ...(reply.reasoning.length > 0 ? { reasoning_content: reply.reasoning.join('') } : {}),
    ...(reply.toolCalls.length > 0
      ? {
          tool_calls: reply.toolCalls.map((call) => ({
            id: call.id,
            type: 'function',
            function: { name: call.name, arguments: call.arguments },
          })),
        }
      : {}),
  };
}

/** Usage as chat completions spell it. */
export function wireUsage(usage: Usage): Record<string, unknown> {
  return {
    prompt_tokens: usage.promptTokens,
    completion_tokens: usage.completionTokens,
    total_tokens: usage.promptTokens + usage.completionTokens,
    prompt_tokens_details: { cached_tokens: usage.cachedTokens },
  };
}

function words(text: string): string[] {
  return text.match(/\s*\S+\s*$|\s*\S+/g) ?? (text === '' ? [] : [text]);
}

/** Cuts a text into pieces by code point, so that no piece ends in the middle of a surrogate pair. */
function pieces(text: string, count: number): string[] {
  const points = Array.from(text);
  const size = Math.max(1, Math.ceil(points.length / count));
  const result: string[] = [];
  for (let at = 0; at < points.length; at += size) result.push(points.slice(at, at + size).join(''));
  return result;
}
