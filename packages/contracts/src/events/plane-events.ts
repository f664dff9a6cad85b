import { z } from 'zod';
import { errorCodeSchema } from '../base/error-data.ts';
import { idSchema } from '../base/ids.ts';
import { worktreeSchema } from '../vocabulary/worktree.ts';

/** More are removed by several events. */
export const maxPrunedTasks = 500;

/** The events of the stream `plane`, by type. */
export const planeEventSchemas = {
  'plane.opened': z.object({
    type: z.literal('plane.opened'),
    epoch: z.int().min(1),
    pid: z.int().min(1),
    bootId: z.string().max(100),
  }),
  /** A report that arrived after its run had ended. It is kept here and changes nothing. */
  'run.fenced': z.object({
    type: z.literal('run.fenced'),
    taskId: idSchema,
    runId: idSchema,
    what: z.string().max(100),
    reason: z.string().max(2000),
  }),
  /**
   * Ended tasks were removed: from here on nothing tells of them. What the log, the directories of their runs and the
   * store hold of them goes next.
   */
  'log.pruned': z.object({
    type: z.literal('log.pruned'),
    tasks: z.array(idSchema).min(1).max(maxPrunedTasks).readonly(),
    /** The directories of their runs and checks, by name. */
    runs: z.array(idSchema).readonly(),
    /** Their worktrees: everything in them is preserved, and they are removed. */
    worktrees: z
      .array(z.object({ taskId: idSchema, worktree: worktreeSchema }))
      .readonly()
      .optional(),
    by: z.string().max(200),
    why: z.string().max(2000).optional(),
  }),
  /** Everything in the worktree of an ended task is kept by this ref of its repository. The worktree is removed next. */
  'worktree.released': z.object({
    type: z.literal('worktree.released'),
    taskId: idSchema,
    repository: z.string().max(4096),
    dir: z.string().max(4096),
    ref: z.string().max(1000),
    commit: z.string().max(64),
  }),
} as const;

/** The events of the streams `runtime/<id>`, by type. */
export const runtimeEventSchemas = {
  'runtime.probed': z.object({
    type: z.literal('runtime.probed'),
    status: z.enum(['available', 'unavailable']),
    version: z.string().max(200).optional(),
    reason: z.string().max(2000).optional(),
  }),
  'breaker.opened': z.object({
    type: z.literal('breaker.opened'),
    failures: z.int().min(1),
    /** Unix ms at which one start is let through. */
    until: z.int(),
    code: errorCodeSchema.optional(),
  }),
  'breaker.halfOpened': z.object({ type: z.literal('breaker.halfOpened') }),
  'breaker.closed': z.object({ type: z.literal('breaker.closed') }),
  /** A start failed before its first instruction was sent, by the runtime's fault. The breaker counts these. */
  'start.failed': z.object({ type: z.literal('start.failed'), runId: idSchema, code: errorCodeSchema }),
  'start.succeeded': z.object({ type: z.literal('start.succeeded'), runId: idSchema }),
} as const;

type PlaneEventType = keyof typeof planeEventSchemas;
/** An event of the stream `plane`. */
export type PlaneEvent = { [T in PlaneEventType]: z.infer<(typeof planeEventSchemas)[T]> }[PlaneEventType];
type RuntimeEventType = keyof typeof runtimeEventSchemas;
/** An event of a stream `runtime/<id>`. */
export type RuntimeEvent = { [T in RuntimeEventType]: z.infer<(typeof runtimeEventSchemas)[T]> }[RuntimeEventType];
