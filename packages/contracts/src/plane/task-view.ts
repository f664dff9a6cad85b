import { z } from 'zod';
import { approvalKindSchema, choiceSchema } from '../vocabulary/approval.ts';
import { attachSchema } from '../vocabulary/attach.ts';
import { checkCauseSchema } from '../vocabulary/check.ts';
import { capabilitiesSchema } from '../vocabulary/capabilities.ts';
import { backendIdSchema, idSchema, runtimeIdSchema } from '../base/ids.ts';
import { exitSchema } from '../vocabulary/handle.ts';
import { instructionLevelSchema, instructionModeSchema } from '../vocabulary/instruction.ts';
import { modelInUseSchema } from '../vocabulary/model.ts';
import { runOutcomeSchema, terminalStatusSchema } from '../vocabulary/outcome.ts';
import { submittedFromSchema } from '../vocabulary/submitted-from.ts';
import { targetSchema } from '../vocabulary/target.ts';
import { usageSchema } from '../vocabulary/usage.ts';
import { preservedSchema } from '../vocabulary/worktree.ts';
import { waitingForSchema } from './waiting-for.ts';

/** The states of a task. `waiting`: an approval is open, or the task is kept open while its agent rests. */
export const taskStatusSchema = z.enum(['queued', 'running', 'waiting', ...terminalStatusSchema.options]);
export type TaskStatus = z.infer<typeof taskStatusSchema>;
/** The states of a run. `stopping`: its end is decided, and its process may still live. */
const runStatusSchema = z.enum(['starting', 'active', 'stopping', 'ended']);
export type RunStatus = z.infer<typeof runStatusSchema>;

const endRequestSchema = z.object({
  by: z.string(),
  /** Unix ms. */
  at: z.int(),
  why: z.string().optional(),
});
/** Who asked for the end of a task, when and why. */
export type EndRequest = z.infer<typeof endRequestSchema>;

/** A task as it is shown: `runtime status --json`, `task.status()`. Folded from the log, never stored. */
export const taskViewSchema = z.object({
  id: idSchema,
  /** As submitted. */
  key: z.string().optional(),
  status: taskStatusSchema,
  title: z.string(),
  /** Unix ms. */
  submittedAt: z.int(),
  updatedAt: z.int(),
  endedAt: z.int().optional(),
  /** As submitted; of a task with a worktree, the path in the repository. */
  workspace: z.string(),
  /** The git worktree that the task works in, once it was made. */
  worktree: z
    .object({
      repository: z.string(),
      /** Where its files are. */
      dir: z.string(),
      branch: z.string(),
      /** The commit that it began from. */
      base: z.string(),
      preserved: preservedSchema.optional(),
    })
    .optional(),
  targets: z.array(targetSchema),
  /** As submitted; left out where there are none. */
  labels: z.record(z.string(), z.string()).optional(),
  outcome: runOutcomeSchema.optional(),
  /** Of all runs so far, where their runtimes report it. */
  usage: usageSchema.optional(),
  /** Who submitted it; left out for tasks of earlier versions. */
  by: z.string().optional(),
  /** The run that this task was submitted from, if it was submitted from one. */
  parent: submittedFromSchema.optional(),
  /** The model in use, as the runtime of the last run told it; `targets` and `runs` have the one that was asked for. */
  model: modelInUseSchema.optional(),
  /** What an unfinished task waits for; left out while its agent works. */
  waitingFor: waitingForSchema.optional(),
  /** Set while nothing runs and the next attempt has its time. */
  nextAttemptAt: z.int().optional(),
  /** The beginning of the agent's last whole message, at most 500 characters. */
  lastMessage: z.string().optional(),
  /** The last check of the work. `exit`, `cause` and `message` as of `check.ended`. */
  check: z
    .object({
      round: z.int(),
      status: z.enum(['running', 'passed', 'failed']),
      exit: exitSchema.optional(),
      cause: checkCauseSchema.optional(),
      message: z.string().optional(),
    })
    .optional(),
  /** How many artifacts were stored, and their bytes; left out where there are none. */
  artifacts: z.object({ count: z.int(), bytes: z.int() }).optional(),
  runs: z.array(
    z.object({
      runId: idSchema,
      runtime: runtimeIdSchema,
      model: z.string().optional(),
      thinking: z.string().optional(),
      attempt: z.int(),
      generation: z.int(),
      mode: z.string(),
      status: runStatusSchema,
      /** Unix ms. */
      startedAt: z.int().optional(),
      endedAt: z.int().optional(),
      /** Of the runtime, once the run has started. */
      version: z.string().optional(),
      /** Of the whole run so far, where the runtime reports it. */
      usage: usageSchema.optional(),
      /** Of the running turn. */
      turnId: z.string().optional(),
      agentSessionId: backendIdSchema.optional(),
      capabilities: capabilitiesSchema.optional(),
      /** How a person joins this run at its terminal. */
      attach: attachSchema.optional(),
      outcome: runOutcomeSchema.optional(),
      runDir: z.string(),
    }),
  ),
  instructions: z.array(
    z.object({
      id: idSchema,
      mode: instructionModeSchema,
      /** The beginning of its text, at most 200 characters. */
      text: z.string().optional(),
      level: instructionLevelSchema,
      reason: z.string().optional(),
    }),
  ),
  approvals: z.array(
    z.object({
      id: backendIdSchema,
      kind: approvalKindSchema,
      title: z.string(),
      message: z.string().optional(),
      choices: z.array(choiceSchema),
      input: z.boolean().optional(),
      expiresAt: z.int().optional(),
    }),
  ),
  degradations: z.int(),
  /** The first request to cancel the task; it stays after the end. */
  cancel: endRequestSchema.optional(),
  /** The first request to end the task once the agent rests; it stays after the end. */
  close: endRequestSchema.optional(),
});
export type TaskView = z.infer<typeof taskViewSchema>;
