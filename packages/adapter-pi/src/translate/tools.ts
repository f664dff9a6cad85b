import type { SessionEvent } from '@runtime/contracts/adapter';
import { maxEventTextChars } from '@runtime/contracts/adapter';
import type { PiRecordOf } from '../wire.ts';
import { headAndTail } from './text.ts';

/** A tool call that runs. */
export interface OpenTool {
  /** Its output as last reported. */
  shown: string;
  /** Reports that replaced everything instead of adding to it. */
  replaced: number;
}

type Result = PiRecordOf<'tool_execution_end'>['result'];

function outputOf(result: Result): string {
  const texts = (result?.content ?? []).map((block) => {
    if (block.type === 'image') return '[image]';
    return typeof block['text'] === 'string' ? block['text'] : '';
  });
  return headAndTail(texts.join('\n'));
}

type Json = NonNullable<Extract<SessionEvent, { type: 'tool.started' }>['input']>;

/** The arguments, unless they are too large for an event. They came out of JSON and go into it. */
function inputOf(args: unknown): { input: Json } | undefined {
  const text = JSON.stringify(args);
  return text === undefined || text.length > maxEventTextChars ? undefined : { input: args as Json };
}

export function toolStarted(record: PiRecordOf<'tool_execution_start'>): SessionEvent {
  return {
    type: 'tool.started',
    callId: record.toolCallId,
    name: record.toolName.slice(0, 200),
    ...inputOf(record.args),
  };
}

/** From this many replacements on only each tenth is reported: a tool that floods shows its last 50 KB ten times a second. */
const oftenReplaced = 50;

/**
 * Pi reports the whole output so far, up to its last 50 KB. What only grew is reported as what was added; what was cut in front
 * replaces everything.
 */
export function toolUpdated(tool: OpenTool, record: PiRecordOf<'tool_execution_update'>): SessionEvent[] {
  const text = outputOf(record.partialResult);
  if (text === tool.shown) return [];
  const callId = record.toolCallId;
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

export function toolEnded(record: PiRecordOf<'tool_execution_end'>): SessionEvent {
  const output = outputOf(record.result);
  return {
    type: 'tool.ended',
    callId: record.toolCallId,
    ok: !record.isError,
    ...(output === '' ? {} : { output }),
  };
}
