import { backendIdSchema } from '@runtime/contracts';
import { z } from 'zod';

/** Larger than any real count or duration; sums of such numbers are exact. */
const maxNumber = 1e12;
/** The latest time that a `Date` can hold. */
const maxTimestamp = 8.64e15;
const tokenCount = z.number().min(0).max(maxNumber).catch(0);

/** Pi's usage of one model call. An invalid number counts as 0, so that the message is not lost. */
const piUsageSchema = z.looseObject({
  input: tokenCount,
  output: tokenCount,
  cacheRead: tokenCount,
  cacheWrite: tokenCount,
  cost: z.looseObject({ total: tokenCount }).optional().catch(undefined),
});
export type PiUsage = z.infer<typeof piUsageSchema>;

const textField = z.string().optional().catch(undefined);
const textBlocks = z.array(z.looseObject({ type: z.string(), text: z.string().optional().catch(undefined) }));

/** The parts of a message that are used. Of messages that are not the assistant's only the role is. */
const messageSchema = z.looseObject({
  role: z.string(),
  content: z.union([z.string(), textBlocks]).optional().catch(undefined),
  stopReason: z.string().optional().catch(undefined),
  errorMessage: z.string().optional().catch(undefined),
  /** Of the result of a tool, which repeats what `tool_execution_end` reported. */
  toolCallId: backendIdSchema.optional().catch(undefined),
  isError: z.boolean().optional().catch(undefined),
  usage: piUsageSchema.optional().catch(undefined),
  provider: textField,
  model: textField,
  /** The model that answered, where it is another one. */
  responseModel: textField,
  /** Since 1.5. */
  thinkingLevel: textField,
  /** Unix ms. */
  timestamp: z.number().min(0).max(maxTimestamp).optional().catch(undefined),
});
export type PiMessage = z.infer<typeof messageSchema>;

const toolResult = z
  .looseObject({ content: z.array(z.looseObject({ type: z.string() })).optional() })
  .nullish()
  .catch(undefined);
const tool = { toolCallId: backendIdSchema, toolName: z.string().catch('') };
const texts = z.array(z.string());
const tokenEstimate = z.number().min(0).max(maxNumber).optional().catch(undefined);
const pause = {
  attempt: z.number().min(1).max(maxNumber).catch(1),
  delayMs: z.number().min(0).max(maxNumber).catch(0),
  errorMessage: z.string().catch(''),
};

/**
 * The records that Pi writes, by `type`, as named since 0.84. Unknown keys pass, because Pi adds keys between versions.
 * `message_update` is missing: it is the hot path and is read by hand.
 */
const schemas = {
  response: z.looseObject({
    type: z.literal('response'),
    id: z.string().optional().catch(undefined),
    command: z.string().optional().catch(undefined),
    success: z.boolean(),
    error: z.string().optional().catch(undefined),
    data: z.unknown().optional(),
  }),
  agent_start: z.looseObject({ type: z.literal('agent_start') }),
  agent_end: z.looseObject({ type: z.literal('agent_end'), willRetry: z.boolean().optional().catch(undefined) }),
  agent_settled: z.looseObject({ type: z.literal('agent_settled'), aborted: z.boolean().optional().catch(undefined) }),
  message_start: z.looseObject({ type: z.literal('message_start'), message: messageSchema }),
  message_end: z.looseObject({ type: z.literal('message_end'), message: messageSchema }),
  /** Repeats the assistant's message of the turn. */
  turn_end: z.looseObject({ type: z.literal('turn_end'), message: messageSchema }),
  tool_execution_start: z.looseObject({
    type: z.literal('tool_execution_start'),
    ...tool,
    args: z.unknown().optional(),
  }),
  tool_execution_update: z.looseObject({
    type: z.literal('tool_execution_update'),
    ...tool,
    partialResult: toolResult,
  }),
  tool_execution_end: z.looseObject({
    type: z.literal('tool_execution_end'),
    ...tool,
    result: toolResult,
    isError: z.boolean().optional().catch(undefined),
  }),
  queue_update: z.looseObject({ type: z.literal('queue_update'), steering: texts, followUp: texts }),
  auto_retry_start: z.looseObject({ type: z.literal('auto_retry_start'), ...pause }),
  auto_retry_end: z.looseObject({
    type: z.literal('auto_retry_end'),
    success: z.boolean().optional().catch(undefined),
    finalError: textField,
  }),
  /** Of the summary within a compaction. It does not say how it ended. */
  summarization_retry_scheduled: z.looseObject({ type: z.literal('summarization_retry_scheduled'), ...pause }),
  summarization_retry_finished: z.looseObject({ type: z.literal('summarization_retry_finished') }),
  compaction_start: z.looseObject({ type: z.literal('compaction_start'), reason: z.string().catch('compaction') }),
  compaction_end: z.looseObject({
    type: z.literal('compaction_end'),
    reason: z.string().catch('compaction'),
    aborted: z.boolean().catch(false),
    result: z
      .looseObject({ tokensBefore: tokenEstimate, estimatedTokensAfter: tokenEstimate })
      .nullish()
      .catch(undefined),
    errorMessage: textField,
  }),
  thinking_level_changed: z.looseObject({ type: z.literal('thinking_level_changed'), level: textField }),
  extension_ui_request: z.looseObject({
    type: z.literal('extension_ui_request'),
    id: backendIdSchema,
    method: z.string(),
    title: z.string().catch(''),
    message: z.string().optional().catch(undefined),
    placeholder: z.string().optional().catch(undefined),
    prefill: z.string().optional().catch(undefined),
    options: texts.optional().catch(undefined),
    timeout: z.number().max(maxNumber).optional().catch(undefined),
  }),
} as const;

/** The names in older versions. */
const aliases: ReadonlyMap<string, string> = new Map([
  ['auto_compaction_start', 'compaction_start'],
  ['auto_compaction_end', 'compaction_end'],
]);

type Known = { [T in keyof typeof schemas]: z.infer<(typeof schemas)[T]> }[keyof typeof schemas];

/** An increment of the assistant's message. `delta` is empty for a part that only opens or closes a block. */
export interface MessageUpdate {
  readonly type: 'message_update';
  readonly part: string;
  readonly delta: string;
}

/** A line of Pi's stdout. `other`: a well-formed record that is not used. */
export type PiRecord = Known | MessageUpdate | { readonly type: 'other'; readonly name: string };
export type PiRecordOf<T extends PiRecord['type']> = Extract<PiRecord, { type: T }>;

/** A line that is not a record, and why. */
export interface Malformed {
  readonly type: 'malformed';
  readonly reason: string;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * Recognises lines that only repeat earlier ones by their first characters. Pi echoes a prompt three times, and
 * `agent_end` repeats the whole turn, so these lines may be too long or too deep to parse; nothing is lost then.
 * Undefined for other lines.
 */
export function readEcho(head: string): PiRecord | undefined {
  if (head.startsWith('{"type":"agent_end"')) return { type: 'agent_end' };
  if (head.startsWith('{"type":"turn_end"')) return { type: 'other', name: 'turn_end' };
  if (!head.startsWith('{"type":"message_')) return undefined;
  const [, at, role] = /^\{"type":"message_(start|end)","message":\{"role":"(\w+)"/.exec(head) ?? [];
  if (role === undefined || role === 'assistant') return undefined;
  return at === 'start' ? { type: 'message_start', message: { role } } : { type: 'other', name: 'message_end' };
}

function readUpdate(value: Record<string, unknown>): MessageUpdate | Malformed {
  const event = value['assistantMessageEvent'];
  if (!isObject(event) || typeof event['type'] !== 'string') {
    return { type: 'malformed', reason: 'message_update without an event' };
  }
  return {
    type: 'message_update',
    part: event['type'],
    delta: typeof event['delta'] === 'string' ? event['delta'] : '',
  };
}

/** Reads one line of Pi's stdout that was parsed as JSON. Never throws. */
export function readRecord(value: unknown): PiRecord | Malformed {
  if (!isObject(value) || typeof value['type'] !== 'string') return { type: 'malformed', reason: 'not a record of Pi' };
  if (value['type'] === 'message_update') return readUpdate(value);
  return readKnown(value, value['type']);
}

function readKnown(value: Record<string, unknown>, type: string): PiRecord | Malformed {
  const name = aliases.get(type) ?? type;
  if (!isKnown(name)) return { type: 'other', name: name.slice(0, 100) };
  const parsed = schemas[name].safeParse(name === type ? value : { ...value, type: name });
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  return { type: 'malformed', reason: `${name}.${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`.slice(0, 500) };
}

const isKnown = (name: string): name is keyof typeof schemas => Object.hasOwn(schemas, name);

/** The parts of the answer to `get_state` that are used. */
const piStateSchema = z.looseObject({
  sessionId: backendIdSchema.optional(),
  sessionFile: z.string().max(4096).optional(),
  isStreaming: z.boolean().catch(false),
  isCompacting: z.boolean().catch(false),
  pendingMessageCount: z.number().catch(0),
  thinkingLevel: textField,
  model: z
    .looseObject({
      id: textField,
      provider: textField,
      input: texts.optional().catch(undefined),
    })
    .nullish()
    .catch(undefined),
});
export type PiState = z.infer<typeof piStateSchema>;

/** The state in an answer to `get_state`; undefined for any other record. */
export function stateOf(record: PiRecord): PiState | undefined {
  if (record.type !== 'response' || record.command !== 'get_state' || !record.success) return undefined;
  const parsed = piStateSchema.safeParse(record.data);
  return parsed.success ? parsed.data : undefined;
}
