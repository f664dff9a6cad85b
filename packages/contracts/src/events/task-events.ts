import { z } from 'zod';
import { preservedSchema, worktreeSchema } from '../vocabulary/worktree.ts';
import { approvalKindSchema, choiceSchema, resolutionSchema } from '../vocabulary/approval.ts';
import { artifactOriginSchema, artifactRefSchema, refusalReasonSchema } from '../vocabulary/artifact.ts';
import { attachSchema } from '../vocabulary/attach.ts';
import { checkCauseSchema } from '../vocabulary/check.ts';
import { capabilitiesSchema } from '../vocabulary/capabilities.ts';
import { errorCodeSchema } from '../base/error-data.ts';
import { exitSchema, runtimeHandleSchema } from '../vocabulary/handle.ts';
import { backendIdSchema, idSchema } from '../base/ids.ts';
import { instructionModeSchema, partsSchema } from '../vocabulary/instruction.ts';
import { runOutcomeSchema } from '../vocabulary/outcome.ts';
import { submittedFromSchema } from '../vocabulary/submitted-from.ts';
import { targetSchema } from '../vocabulary/target.ts';
import { maxTaskDepth, taskSpecSchema } from '../vocabulary/task-spec.ts';
import { sessionEventSchemas, type SessionEventType } from './session-events.ts';

const why = z.string().max(2000);
const runId = idSchema;
/** Where the source stood, and when it was written (Unix ms) where the source knows: an owner may read it much later. */
const bySource = { sourceCursor: z.string().max(500).optional(), sourceTime: z.int().min(0).optional() };
const byRun = { runId: idSchema.optional(), ...bySource };

/**
 * How a run came to be: `start` is the first, `resume` continues a conversation in a new process, `restart` begins
 * again on the same target, `degrade` begins again on the next one. Each is a different guarantee.
 */
const runModeSchema = z.enum(['start', 'resume', 'restart', 'degrade']);
export type RunMode = z.infer<typeof runModeSchema>;

/** Why a run is stopped. The first cause is recorded and kept. */
const stopCauseSchema = z.enum([
  'idle',
  'closed',
  'cancel',
  'deadline',
  'run_timeout',
  'idle_timeout',
  'output_limit',
  'unmet_needs',
  'lost_control',
]);
export type StopCause = z.infer<typeof stopCauseSchema>;

/** The three signals of life; which of them stopped. */
const lifeSignalSchema = z.enum(['heartbeat', 'activity', 'progress']);
const waitingOnSchema = z.enum(['model', 'tool', 'approval', 'rate_limit', 'unknown']);

/** What the plane records about a task. */
const planeTaskEventSchemas = {
  'task.submitted': z.object({
    type: z.literal('task.submitted'),
    spec: taskSpecSchema,
    key: z.string().max(200).optional(),
    /** Who submitted it. */
    by: z.string().max(200).optional(),
    /** The instruction that the spec's prompt is. */
    instructionId: idSchema,
    /** The runs that it was submitted from, the nearest first: living ones when the nearest of them asked. */
    ancestors: z.array(submittedFromSchema).max(maxTaskDepth).readonly().optional(),
  }),
  'runtime.rejected': z.object({
    type: z.literal('runtime.rejected'),
    target: targetSchema,
    code: errorCodeSchema,
    reason: why,
  }),
  'runtime.degraded': z.object({
    type: z.literal('runtime.degraded'),
    from: targetSchema,
    to: targetSchema,
    lostCapabilities: z.array(z.string()).readonly(),
    policy: z.literal('from-scratch'),
    reason: why,
  }),
  'run.starting': z.object({
    type: z.literal('run.starting'),
    runId,
    attempt: z.int().min(1),
    generation: z.int().min(1),
    mode: runModeSchema,
    target: targetSchema,
    handle: runtimeHandleSchema,
    /** The instruction that opens this run. */
    instructionId: idSchema,
    /** Earlier instructions whose text goes with it, in order. */
    carries: z.array(idSchema).readonly(),
    /** The conversation picked up; only with mode `resume`. */
    resumes: z.object({ runId, agentSessionId: backendIdSchema }).optional(),
  }),
  'run.started': z.object({
    type: z.literal('run.started'),
    runId,
    capabilities: capabilitiesSchema,
    version: z.string().max(200),
    agentSessionId: backendIdSchema.optional(),
    /** Where the run has a terminal that a person can join. */
    attach: attachSchema.optional(),
  }),
  'run.reattached': z.object({
    type: z.literal('run.reattached'),
    runId,
    epoch: z.int().min(1),
    sourceCursor: z.string().max(500).optional(),
    /** Where its terminal is joined now; left out when that has not changed. */
    attach: attachSchema.optional(),
  }),
  'run.resumed': z.object({ type: z.literal('run.resumed'), runId, agentSessionId: backendIdSchema }),
  'run.stopping': z.object({ type: z.literal('run.stopping'), runId, cause: stopCauseSchema }),
  'run.ended': z.object({ type: z.literal('run.ended'), runId, outcome: runOutcomeSchema, exit: exitSchema }),
  'run.stalled': z.object({
    type: z.literal('run.stalled'),
    runId,
    signal: lifeSignalSchema,
    waitingOn: waitingOnSchema,
    /** How long the signal has been missing. */
    silentMs: z.int().min(0),
  }),
  'run.progressed': z.object({
    type: z.literal('run.progressed'),
    runId,
    signal: lifeSignalSchema,
    ...bySource,
  }),

  'instruction.queued': z.object({
    type: z.literal('instruction.queued'),
    instructionId: idSchema,
    mode: instructionModeSchema,
    /** Left out for the prompt of the task, which is in its spec. */
    parts: partsSchema.optional(),
    key: z.string().max(200).optional(),
    expiresAt: z.int().optional(),
    ifTurn: z.string().max(64).optional(),
    by: z.string().max(200).optional(),
  }),
  // Of the plane as well, which may give up an instruction while no run is open.
  'instruction.declined': z.object({ ...sessionEventSchemas['instruction.declined'].shape, ...byRun }),
  'instruction.unknown': z.object({ ...sessionEventSchemas['instruction.unknown'].shape, ...byRun }),
  'instruction.sending': z.object({ type: z.literal('instruction.sending'), instructionId: idSchema, runId }),

  'approval.requested': z.object({
    ...sessionEventSchemas['approval.requested'].shape,
    kind: approvalKindSchema,
    choices: z.array(choiceSchema).max(100).readonly(),
    /** The run is left out for a question of the plane itself. */
    ...byRun,
    /** Unix ms at which the default answer is given. */
    expiresAt: z.int().optional(),
  }),
  'approval.resolved': z.object({
    type: z.literal('approval.resolved'),
    approvalId: backendIdSchema,
    resolution: resolutionSchema,
    by: z.string().max(200),
    why: why.optional(),
    ...byRun,
  }),

  'artifact.stored': z.object({
    type: z.literal('artifact.stored'),
    artifact: artifactRefSchema,
    origin: artifactOriginSchema,
    runId: idSchema.optional(),
  }),
  /** Something was to become an artifact, and did not. */
  'artifact.refused': z.object({
    type: z.literal('artifact.refused'),
    /** As it was found: perhaps no name that an artifact may have. */
    name: z.string().max(1024),
    origin: artifactOriginSchema,
    reason: refusalReasonSchema,
    message: why,
    /** How many more were refused that are not told one by one. */
    omitted: z.int().min(1).optional(),
    runId: idSchema.optional(),
  }),
  /** The worktree of the task was made. */
  'worktree.added': z.object({ type: z.literal('worktree.added'), worktree: worktreeSchema }),
  /** Everything in the worktree is kept by a ref of its repository. */
  'worktree.preserved': z.object({
    type: z.literal('worktree.preserved'),
    ...preservedSchema.shape,
    /** How many entries git ignores: they are not kept. */
    ignored: z.int().min(0),
    /** What no commit can keep, at most 50: such as a repository in it. */
    unpreserved: z.array(z.object({ path: z.string().max(4096), why: z.string().max(100) })).optional(),
  }),
  /** The worktree is as its base again. What was in it is preserved. */
  'worktree.restored': z.object({ type: z.literal('worktree.restored'), base: preservedSchema.shape.commit }),
  'check.started': z.object({
    type: z.literal('check.started'),
    /** Its directory among those of the runs. */
    checkId: idSchema,
    /** The run whose work is checked. */
    runId,
    /** Counts the checks of a task, from 1; one that was lost with its owner is started again in the same round. */
    round: z.int().min(1),
  }),
  'check.ended': z.object({
    type: z.literal('check.ended'),
    checkId: idSchema,
    runId,
    round: z.int().min(1),
    ok: z.boolean(),
    exit: exitSchema,
    /** Left out for one that ended by itself. */
    cause: checkCauseSchema.optional(),
    /** Why it could not be run. */
    message: why.optional(),
  }),
  'cancel.requested': z.object({ type: z.literal('cancel.requested'), by: z.string().max(200), why: why.optional() }),
  'interrupt.requested': z.object({
    type: z.literal('interrupt.requested'),
    runId,
    by: z.string().max(200),
    why: why.optional(),
  }),
  'close.requested': z.object({ type: z.literal('close.requested'), by: z.string().max(200), why: why.optional() }),
  'attempt.scheduled': z.object({
    type: z.literal('attempt.scheduled'),
    /** Unix ms before which it does not start. */
    notBefore: z.int(),
    attempt: z.int().min(1),
    mode: runModeSchema,
    target: targetSchema,
    reason: why,
    /** How many of the `maxRounds` of the task's check are used with this one; left out where it uses none. */
    roundsUsed: z.int().min(1).optional(),
  }),
  'task.ended': z.object({ type: z.literal('task.ended'), outcome: runOutcomeSchema }),
} as const;

const stamp = { runId, ...bySource };

/**
 * A session event as it is kept: stamped with its run, and with the source cursor on the last event of its source
 * record.
 */
export type RunScoped<T extends SessionEventType> = z.infer<(typeof sessionEventSchemas)[T]> & {
  runId: string;
  sourceCursor?: string | undefined;
  sourceTime?: number | undefined;
};

type PlaneTaskEventType = keyof typeof planeTaskEventSchemas;
/** The types of event that a task's stream may hold. */
export type TaskEventType = PlaneTaskEventType | SessionEventType;

/** Every event that a task's stream may hold. */
export type TaskEvent =
  | { [T in PlaneTaskEventType]: z.infer<(typeof planeTaskEventSchemas)[T]> }[PlaneTaskEventType]
  | { [T in Exclude<SessionEventType, PlaneTaskEventType>]: RunScoped<T> }[Exclude<
      SessionEventType,
      PlaneTaskEventType
    >];
/** The event of one type, or of a union of types. */
export type TaskEventOf<T extends TaskEventType> = Extract<TaskEvent, { type: T }>;

const stamped = Object.fromEntries(
  Object.entries(sessionEventSchemas).map(([type, schema]) => [type, schema.extend(stamp)]),
);

/**
 * The schema of every event of a task's stream, by type. Schemas drop unknown fields, so that a reader gets along with
 * later versions.
 */
export const taskEventSchemas: Readonly<Record<string, z.ZodType>> = { ...stamped, ...planeTaskEventSchemas };
