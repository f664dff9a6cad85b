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
  readonly name: string;
  /** The file that it writes, if that is what it does. */
  readonly path: string | undefined;
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

const maxPathChars = 4096;
/** The tools of Pi's own that write files, as they are named (0.60 to 0.87.1). */
const writers: ReadonlySet<string> = new Set(['write', 'edit']);
/** Where the bash tool of Pi leaves an output that is longer than its result (`$TMPDIR/pi-bash-<hex>.log`). */
const outputFile = /^\/(?:.*\/)?pi-bash-[0-9a-f]+\.log$/;

const isPath = (value: unknown): value is string =>
  typeof value === 'string' && value !== '' && value.length <= maxPathChars && !value.includes('\0');

/** The file that a call writes. An extension may have a tool of the same name, and then it is not for us to know. */
function pathOf(name: string, args: unknown): string | undefined {
  if (!writers.has(name) || typeof args !== 'object' || args === null) return undefined;
  const { path } = args as { readonly path?: unknown };
  return isPath(path) ? path : undefined;
}

/** The files that a call has written, which may be there also where its end is unknown. */
function writtenBy(
  { name, path }: OpenTool,
  callId: string,
  isError: boolean | undefined,
  result?: Result,
): SessionEvent[] {
  if (isError === true) return [];
  if (path !== undefined) return [{ type: 'file.written', path, kind: 'work', callId }];
  const details = result?.['details'];
  if (name !== 'bash' || typeof details !== 'object' || details === null) return [];
  const { fullOutputPath } = details as { readonly fullOutputPath?: unknown };
  // Anything else that an extension may put here is no file that Pi wrote.
  if (!isPath(fullOutputPath) || !outputFile.test(fullOutputPath)) return [];
  return [{ type: 'file.written', path: fullOutputPath, kind: 'output', callId }];
}

export function toolStarted(tools: OpenTools, record: PiRecordOf<'tool_execution_start'>): SessionEvent[] {
  const callId = record.toolCallId;
  if (tools.has(callId)) return [];
  // The plane takes no more, and quarantines this one: nothing that follows would be of a call that it knows.
  const name = record.toolName.slice(0, 200);
  if (tools.size < maxOpen) tools.set(callId, { shown: '', replaced: 0, name, path: pathOf(name, record.args) });
  return [{ type: 'tool.started', callId, name, ...inputOf(record.args) }];
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
  return ended(tools, record.toolCallId, record.isError, outputOf(record.result), record.result);
}

/** The message with a tool's result repeats what its end reported, in case that was spoiled. */
export function toolAnswered(tools: OpenTools, { toolCallId, isError, content }: PiMessage): SessionEvent[] {
  if (toolCallId === undefined) return [];
  return ended(tools, toolCallId, isError, headAndTail(wholeText(content)));
}

function ended(
  tools: OpenTools,
  callId: string,
  isError: boolean | undefined,
  output: string,
  result?: Result,
): SessionEvent[] {
  const tool = tools.get(callId);
  if (!tool) return [];
  tools.delete(callId);
  return [
    ...writtenBy(tool, callId, isError, result),
    {
      type: 'tool.ended',
      callId,
      ...(isError === undefined ? {} : { ok: !isError }),
      ...(output === '' ? {} : { output }),
    },
  ];
}
