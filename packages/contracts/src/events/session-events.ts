import { z } from 'zod';
import { approvalKindSchema, choiceSchema } from '../vocabulary/approval.ts';
import { backendIdSchema, idSchema } from '../base/ids.ts';
import { jsonValueSchema } from '../base/json-value.ts';
import { modelInUseSchema } from '../vocabulary/model.ts';
import { runOutcomeSchema } from '../vocabulary/outcome.ts';
import { usageSchema } from '../vocabulary/usage.ts';

/**
 * The longest text of one event, in UTF-16 units (256 Ki). Longer deltas are split by the adapter; `message.completed`
 * holds head and tail.
 */
export const maxEventTextChars = 256 * 1024;

/**
 * How many tools, children and approvals of a run may be open at a time, of each: every event is folded with all of
 * them. What a backend opens beyond is quarantined.
 */
export const maxOpen = 256;

const text = z.string().max(maxEventTextChars);
const toolName = z.string().max(200);
const outputSource = z.enum(['stdout', 'stderr', 'screen']);
const instruction = { instructionId: idSchema };
const tokens = z.int().min(0);
/** Why the backend compacts, in its own word: `overflow`, `threshold`, `manual`. */
const compactionReason = z.string().max(200);

/**
 * What an adapter may report, by type. The run's id is missing: the plane adds it.
 * `docs/events.md` says what must precede each of them.
 */
export const sessionEventSchemas = {
  'session.opened': z.object({ type: z.literal('session.opened'), agentSessionId: backendIdSchema }),
  'session.closed': z.object({ type: z.literal('session.closed') }),

  'instruction.accepted': z.object({ type: z.literal('instruction.accepted'), ...instruction }),
  'instruction.delivered': z.object({
    type: z.literal('instruction.delivered'),
    ...instruction,
    turnId: z.string().max(64).optional(),
  }),
  'instruction.observed': z.object({ type: z.literal('instruction.observed'), ...instruction }),
  'instruction.declined': z.object({
    type: z.literal('instruction.declined'),
    ...instruction,
    reason: z.string().max(2000),
  }),
  'instruction.unknown': z.object({
    type: z.literal('instruction.unknown'),
    ...instruction,
    reason: z.string().max(2000),
  }),

  'turn.started': z.object({
    type: z.literal('turn.started'),
    /** The adapter's count within the run, from '1': the same on every replay. */
    turnId: z.string().min(1).max(64),
    instructionId: idSchema.optional(),
  }),
  'turn.ended': z.object({
    type: z.literal('turn.ended'),
    turnId: z.string().min(1).max(64),
    outcome: runOutcomeSchema,
    usage: usageSchema.optional(),
  }),

  'text.delta': z.object({ type: z.literal('text.delta'), messageId: backendIdSchema, text }),
  'reasoning.delta': z.object({ type: z.literal('reasoning.delta'), messageId: backendIdSchema, text }),
  'message.completed': z.object({
    type: z.literal('message.completed'),
    messageId: backendIdSchema,
    /** Equal to the joined `text.delta` of this message; when `omittedChars` is set, its head and tail. */
    text,
    omittedChars: z.int().min(1).optional(),
  }),
  'message.discarded': z.object({
    type: z.literal('message.discarded'),
    messageId: backendIdSchema,
    reason: z.string().max(2000),
  }),
  'output.delta': z.object({ type: z.literal('output.delta'), source: outputSource, text }),

  'tool.started': z.object({
    type: z.literal('tool.started'),
    callId: backendIdSchema,
    name: toolName,
    /** The tool's arguments, as JSON; left out when larger than 256 KiB. */
    input: jsonValueSchema.optional(),
  }),
  'tool.delta': z.object({
    type: z.literal('tool.delta'),
    callId: backendIdSchema,
    mode: z.enum(['append', 'replace']),
    text,
  }),
  'tool.ended': z.object({
    type: z.literal('tool.ended'),
    callId: backendIdSchema,
    /** Left out when it is unknown: the backend's own report of the end was spoiled, or never came. */
    ok: z.boolean().optional(),
    output: text.optional(),
  }),

  /**
   * A tool of the backend wrote a file, and said so. `work`: a file of the agent's work, which is kept as an artifact
   * where it lies in the workspace. `output`: the whole of an output that its own event has cut, kept wherever it lies.
   */
  'file.written': z.object({
    type: z.literal('file.written'),
    /** As the backend names it; a relative one is meant from the workspace. */
    path: z.string().min(1).max(4096),
    kind: z.enum(['work', 'output']),
    callId: backendIdSchema.optional(),
  }),

  'approval.requested': z.object({
    type: z.literal('approval.requested'),
    approvalId: backendIdSchema,
    kind: approvalKindSchema,
    title: z.string().max(2000),
    message: z.string().max(65_536).optional(),
    callId: backendIdSchema.optional(),
    choices: z.array(choiceSchema).max(100).readonly(),
    /** Free text may be given instead of a choice. */
    input: z.boolean().optional(),
    /** Of the backend's own clock; the plane's limit holds as well. */
    timeoutMs: z.int().min(1).optional(),
  }),
  /** The backend closed its own request, for instance by its own time limit. */
  'approval.withdrawn': z.object({ type: z.literal('approval.withdrawn'), approvalId: backendIdSchema }),

  'child.started': z.object({ type: z.literal('child.started'), childId: backendIdSchema, name: toolName.optional() }),
  'child.ended': z.object({ type: z.literal('child.ended'), childId: backendIdSchema, ok: z.boolean() }),

  'output.gap': z.object({
    type: z.literal('output.gap'),
    source: z.string().max(50),
    bytes: z.int().min(0).optional(),
    reason: z.string().max(2000),
  }),
  'output.quarantined': z.object({
    type: z.literal('output.quarantined'),
    source: z.string().max(50),
    bytes: z.int().min(0),
    /** The beginning, unprintable bytes escaped, at most 4 KiB. The raw file keeps the rest. */
    sample: z.string().max(4096),
    reason: z.string().max(500),
  }),

  'usage.reported': z.object({ type: z.literal('usage.reported'), usage: usageSchema }),
  /** The first model that the run is known to use, and every change, the backend's own included. */
  'model.selected': z.object({ type: z.literal('model.selected'), ...modelInUseSchema.shape }),

  /** The backend repeats a failed call by itself. */
  'retry.scheduled': z.object({
    type: z.literal('retry.scheduled'),
    /** Counts the repetitions of one call, from 1. */
    attempt: z.int().min(1),
    delayMs: z.int().min(0),
    reason: z.string().max(2000),
  }),
  /** Once for all attempts of one call: the last of them has an answer, or there is no further one. */
  'retry.ended': z.object({
    type: z.literal('retry.ended'),
    /** The last one. */
    attempt: z.int().min(1),
    /** Left out when it is unknown: the backend's own report of the end was spoiled, or never came. */
    ok: z.boolean().optional(),
    reason: z.string().max(2000).optional(),
  }),

  /** Whatever starts ends before its turn: a compaction with one of the next two events, a retry with `retry.ended`. */
  'compaction.started': z.object({ type: z.literal('compaction.started'), reason: compactionReason }),
  'context.compacted': z.object({
    type: z.literal('context.compacted'),
    reason: compactionReason,
    /** Of the whole context, as the backend counts or estimates them. */
    tokensBefore: tokens.optional(),
    tokensAfter: tokens.optional(),
  }),
  /** The context is as it was, as far as anything shows; `reason` says whether it failed, was cancelled, or is unknown. */
  'compaction.failed': z.object({ type: z.literal('compaction.failed'), reason: z.string().max(2000) }),
} as const;

/** The types of event that an adapter may report. */
export type SessionEventType = keyof typeof sessionEventSchemas;
/** An event as an adapter reports it. */
export type SessionEvent = { [T in SessionEventType]: z.infer<(typeof sessionEventSchemas)[T]> }[SessionEventType];

/**
 * The increments. They are acknowledged once written, and coalesced when many come at once; all other events are
 * durable first.
 */
export const deltaTypes: ReadonlySet<string> = new Set(['text.delta', 'reasoning.delta', 'output.delta', 'tool.delta']);
