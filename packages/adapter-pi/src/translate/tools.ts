import type { JsonValue } from '@runtime/contracts';
import { maxEventTextChars, maxOpen, type SessionEvent } from '@runtime/contracts/adapter';
import type { PiMessage, PiRecordOf } from '../wire.ts';
import { wholeText } from './messages.ts';
import { headAndTail } from './text.ts';

/** A running tool call. */
interface OpenTool {
  /** Its output as last reported. */
  shown: string;
  /** How many reports replaced the output instead of adding to it. */
  replaced: number;
}

/** By the id of the call. */
export type OpenTools = Map<string, OpenTool>;

type Result = PiRecordOf<'tool_execution_end'>['result'];

function outputOf(result: Result): string {
  const texts = (result?.content ?? []).map((block) => {
    if (block.type === 'image') return '[image]';
    return typeof block['text'] === 'string' ? block['text'] : '';
  });
  return headAndTail(texts.join('\n'));
}

/** The arguments, unless they are too large for an event. They are JSON, because they were parsed from it. */
function inputOf(args: unknown): { input: JsonValue } | undefined {
  const text = JSON.stringify(args);
  return text === undefined || text.length > maxEventTextChars ? undefined : { input: args as JsonValue };
}

export function toolStarted(tools: OpenTools, record: PiRecordOf<'tool_execution_start'>): SessionEvent[] {
  const callId = record.toolCallId;
  if (tools.has(callId)) return [];
  // The plane takes no more, and quarantines this one: nothing that follows would be of a call that it knows.
  if (tools.size < maxOpen) tools.set(callId, { shown: '', replaced: 0 });
  return [{ type: 'tool.started', callId, name: record.toolName.slice(0, 200), ...inputOf(record.args) }];
}

/**
 * After this many replacements only every tenth becomes an event: Pi reports the last 50 KB of a flood ten times a
 * second.
 */
const oftenReplaced = 50;

/**
 * Pi reports the whole output so far, up to its last 50 KB. If the output only grew, the event holds the addition;
 * if Pi cut its beginning, the event replaces the output.
 */
export function toolUpdated(tools: OpenTools, record: PiRecordOf<'tool_execution_update'>): SessionEvent[] {
  const callId = record.toolCallId;
  const tool = tools.get(callId);
  const text = outputOf(record.partialResult);
  if (!tool || text === tool.shown) return [];
  if (text.startsWith(tool.shown)) {
    const added = text.slice(tool.shown.length);
    tool.shown = text;
    return [{ type: 'tool.delta', callId, mode: 'append', text: added }];
  }
  tool.replaced++;
  if (tool.replaced > oftenReplaced && tool.replaced % 10 !== 0) return [];
  tool.shown = text;
  return [{ type: 'tool.delta', callId, mode: 'replace', text }];
}

export function toolEnded(tools: OpenTools, record: PiRecordOf<'tool_execution_end'>): SessionEvent[] {
  return ended(tools, record.toolCallId, record.isError, outputOf(record.result));
}

/** The message with a tool's result repeats what its end reported, in case that was spoiled. */
export function toolAnswered(tools: OpenTools, { toolCallId, isError, content }: PiMessage): SessionEvent[] {
  if (toolCallId === undefined) return [];
  return ended(tools, toolCallId, isError, headAndTail(wholeText(content)));
}

function ended(tools: OpenTools, callId: string, isError: boolean | undefined, output: string): SessionEvent[] {
  if (!tools.delete(callId)) return [];
  return [
    {
      type: 'tool.ended',
      callId,
      ...(isError === undefined ? {} : { ok: !isError }),
      ...(output === '' ? {} : { output }),
    },
  ];
}
