import { z } from 'zod';
import { approvalPolicySchema } from './approval.ts';
import { needsSchema } from './capabilities.ts';
import { checkSchema } from './check.ts';
import { deliverableSchema } from './deliverable.ts';
import { idSchema, runtimeIdSchema } from '../base/ids.ts';
import {
  callerEnvironmentSchema,
  environmentNamesSchema,
  environmentSpecSchema,
  recordedEnvironmentSchema,
} from './environment.ts';
import { maxInstructionChars, partsSchema } from './instruction.ts';
import { recordedDefinitionSchema, runtimeDefinitionSchema } from './runtime-definition.ts';
import { gitWorkspaceSchema, worktreePlanSchema } from './worktree.ts';
import { targetSchema } from './target.ts';

const durationMs = z
  .int()
  .min(1)
  .max(90 * 86_400_000);

/** How often and how soon a task is tried again. */
export const retryPolicySchema = z.strictObject({
  /**
   * Attempts over all targets, after which nothing is repeated; a fallback or a person's answer may still follow.
   * @default 3
   */
  maxAttempts: z.int().min(1).max(100).default(3),
  /** First delay in ms; it doubles each time, with jitter between half and the whole. @default 1000 */
  baseDelayMs: z.int().min(0).max(3_600_000).default(1000),
  /** The longest delay, in ms. @default 60000 */
  maxDelayMs: z.int().min(0).max(86_400_000).default(60_000),
  /**
   * The first delay in ms after a rate limit, an overloaded backend or one that was not reached, when none named a time;
   * it doubles up to half an hour, with jitter between half and the whole. @default 120000
   */
  rateLimitDelayMs: z.int().min(0).max(86_400_000).optional(),
});
export type RetryPolicy = z.infer<typeof retryPolicySchema>;

/**
 * A task as it is recorded in `task.submitted`: complete, with all defaults filled in. Durations are at most 90 days.
 */
export const taskSpecSchema = z.strictObject({
  prompt: partsSchema,
  /** Absolute path of an existing directory: where the task works, or from which its worktree is made. */
  workspace: z.string().min(1).max(4096),
  /** The task works in a git worktree of its own. @default in `workspace` itself */
  worktree: worktreePlanSchema.optional(),
  /** In order of preference; at least one. */
  runtimes: z.array(targetSchema).min(1).max(16).readonly(),
  /** Of those of `runtimes` that the request defined; the others were handed to the plane by its host. */
  definitions: z.record(runtimeIdSchema, recordedDefinitionSchema).optional(),
  title: z.string().max(200).optional(),
  needs: needsSchema.optional(),
  /** `idle`: ends when the agent rests. `closed`: waits for further instructions until it is closed. @default 'idle' */
  until: z.enum(['idle', 'closed']).default('idle'),
  /**
   * What happens when a run was lost after its turn may have begun and it cannot be resumed.
   * `auto`: restarts where no tool had started or the task has a worktree of its own, else asks. `manual`: always asks. `restart`: always goes on. @default
   * 'auto'
   */
  recovery: z.enum(['auto', 'manual', 'restart']).default('auto'),
  /** How long a person has to decide a recovery, in ms; then the task is `lost`. @default 24 h */
  recoveryTimeoutMs: durationMs.default(86_400_000),
  /**
   * What becomes of the files when a run starts over after one that had begun. `keep`: they stay, and the agent is told.
   * `restore`: the worktree goes back to its base, once everything in it is preserved; only with a worktree. `refuse`:
   * nothing starts over by itself, and the task ends. @default 'keep'
   */
  onRestart: z.enum(['keep', 'restore', 'refuse']).optional(),
  retry: retryPolicySchema.prefault({}),
  /** Outcome codes after which the next target is tried although by default the task would fail. */
  degradeOn: z
    .array(z.enum(['exit_code', 'refusal', 'context_overflow', 'model_error', 'timeout']))
    .readonly()
    .default([]),
  /** From submission to the end, in ms; then the task is `timed_out`. */
  deadlineMs: durationMs.optional(),
  /** A single run, in ms; stands still while an approval is open. */
  runTimeoutMs: durationMs.optional(),
  /**
   * Without activity, in ms: a running agent is stopped (`timed_out`), a task kept open is closed. Stands still while
   * an approval is open.
   */
  idleTimeoutMs: durationMs.optional(),
  /**
   * The most output of one run, in bytes on the disk as the agent writes them; beyond it the run fails with
   * `output_limit`. What reaches the log counts as well, in UTF-16 units and quarantined bytes.
   * @default 1 Gi
   */
  maxOutputBytes: z
    .int()
    .min(1024)
    .default(1024 * 1024 * 1024),
  /** Files of the workspace that are kept as artifacts once the work is done. At most 64. @default none */
  deliverables: z.array(deliverableSchema).max(64).readonly().optional(),
  /**
   * Whether files that the agent's tools say they wrote are kept as artifacts, as they are at the end; at most 256.
   * @default 'keep'
   */
  written: z.enum(['keep', 'ignore']).optional(),
  /** Decides whether work that succeeded is done. @default the agent's word */
  check: checkSchema.optional(),
  approvals: approvalPolicySchema.optional(),
  env: recordedEnvironmentSchema.optional(),
  /** Sorted names of the variables that came with the request. Their values are in a 0600 file, not in the log. */
  environment: environmentNamesSchema.optional(),
  /** Another task may use the same workspace at the same time. @default false */
  shareWorkspace: z.boolean().default(false),
  /** Continue the conversation of this ended task, where its runtime can resume. */
  continueOf: idSchema.optional(),
  /** The ended task that this one does again. */
  retryOf: idSchema.optional(),
  /** For schedulers and people. Not interpreted here. */
  labels: z.record(z.string().max(100), z.string().max(500)).default({}),
});
export type TaskSpec = z.infer<typeof taskSpecSchema>;

/** How deep tasks may be submitted from one another's runs. */
export const maxTaskDepth = 8;

const { worktree: _made, ...requestedShape } = taskSpecSchema.shape;

/** A caller's request. It is checked and completed to a `TaskSpec`; an unknown field is INVALID_ARGUMENT. */
export const submitRequestSchema = z.strictObject({
  ...requestedShape,
  prompt: z.union([z.string().min(1, 'the prompt is empty').max(maxInstructionChars), partsSchema]),
  /**
   * A directory, or a git worktree to be made for the task: INVALID_ARGUMENT where `git` names no repository with a
   * commit. @default the current directory; relative paths are resolved against it
   */
  workspace: z
    .union([z.string().min(1).max(4096), gitWorkspaceSchema], {
      error: 'expected the path of a directory, or { git: <path in a repository>, worktree: true, base? }',
    })
    .optional(),
  /** @default those of `definitions`, else all that the plane was opened with, in their order */
  runtimes: z
    .array(z.union([runtimeIdSchema, targetSchema]))
    .min(1)
    .max(16)
    .readonly()
    .optional(),
  /**
   * Runtimes by id, for this task alone: the caller's configuration. A runtime that is not defined here is one that the
   * plane was opened with. UNSUPPORTED where the plane makes no adapters (`createAdapter`).
   */
  definitions: z
    .record(runtimeIdSchema, runtimeDefinitionSchema)
    .refine((definitions) => Object.keys(definitions).length <= 64, 'at most 64 runtimes can be defined')
    .optional(),
  env: environmentSpecSchema.optional(),
  /**
   * Variables of the shell that asks, in place of the owner's own environment, for every run of the task. Only what the
   * allow-list, the adapters and `env.pass` name is kept, in a 0600 file until the task has ended. Programs are looked
   * up on its PATH. Not compared when a `key` is used again. @default the environment of the plane
   */
  environment: callerEnvironmentSchema.optional(),
  /** Same key, same task: submitting again returns it. The same key with other content is CONFLICT. */
  key: z.string().min(1).max(200).optional(),
  /**
   * Who asks, for the record. Not compared when a `key` is used again. `runtime`, `plane` and `clock` are the plane's own
   * names. @default 'api'
   */
  by: z.string().max(200).optional(),
  /**
   * The run that asks: the value of RUNTIME_RUN_ID in an agent's environment. The task may then use what the run's task
   * holds, so that a run that waits for its own task does not wait for ever. A run that is unknown or has ended is
   * ignored. @default none
   */
  parentRunId: idSchema.optional(),
});
/** A caller's request, where everything with a default may be left out. */
export type SubmitRequest = z.input<typeof submitRequestSchema>;
