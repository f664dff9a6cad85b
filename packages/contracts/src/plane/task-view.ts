import { z } from 'zod';
import { approvalKindSchema, choiceSchema } from '../vocabulary/approval.ts';
import { attachSchema } from '../vocabulary/attach.ts';
import { capabilitiesSchema } from '../vocabulary/capabilities.ts';
import { backendIdSchema, idSchema, runtimeIdSchema } from '../base/ids.ts';
import { instructionLevelSchema, instructionModeSchema } from '../vocabulary/instruction.ts';
import { runOutcomeSchema, terminalStatusSchema } from '../vocabulary/outcome.ts';
import { targetSchema } from '../vocabulary/task-spec.ts';

/** The states of a task. `waiting`: an approval is open, or the task is kept open while its agent rests. */
export const taskStatusSchema = z.enum(['queued', 'running', 'waiting', ...terminalStatusSchema.options]);
export type TaskStatus = z.infer<typeof taskStatusSchema>;
/** The states of a run. `stopping`: its end is decided, and its process may still live. */
const runStatusSchema = z.enum(['starting', 'active', 'stopping', 'ended']);
export type RunStatus = z.infer<typeof runStatusSchema>;

/** A task as it is shown: `runtime status --json`, `task.status()`. Folded from the log, never stored. */
export const taskViewSchema = z.object({
  id: idSchema,
  status: taskStatusSchema,
  title: z.string(),
  /** Unix ms. */
  submittedAt: z.int(),
  updatedAt: z.int(),
  endedAt: z.int().optional(),
  workspace: z.string(),
  targets: z.array(targetSchema),
  outcome: runOutcomeSchema.optional(),
  /** Set while nothing runs and the next attempt has its time. */
  nextAttemptAt: z.int().optional(),
  runs: z.array(
    z.object({
      runId: idSchema,
      runtime: runtimeIdSchema,
      attempt: z.int(),
      generation: z.int(),
      mode: z.string(),
      status: runStatusSchema,
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
  cancelRequested: z.boolean(),
});
export type TaskView = z.infer<typeof taskViewSchema>;
