import { z } from 'zod';
import { idSchema } from '../base/ids.ts';
import type { CallOptions } from '../base/call-options.ts';

const count = z.int().min(0);

/** Which ended tasks stay. What each field asks for goes, those that ended first first. */
export const retentionSchema = z.strictObject({
  /** Tasks that ended longer ago than this, in ms, go. */
  olderThanMs: count.optional(),
  /** Only so many stay, those that ended last. */
  keep: count.optional(),
  /**
   * Tasks go until the data directory has about so many bytes: log, runs and artifacts, as far as ended tasks can be
   * charged with them. It is measured anew each time, and what several tasks share is not known.
   */
  maxBytes: count.optional(),
});
export type Retention = z.infer<typeof retentionSchema>;

/** Which ended tasks stay where nobody says otherwise: those of the last 90 days, at most 10,000. */
export const usualRetention: Retention = { olderThanMs: 90 * 86_400_000, keep: 10_000 };

/** How tasks are removed. */
export interface RemoveOptions extends CallOptions {
  /** Who asks; at most 200 characters. @default 'api' */
  readonly by?: string;
  /** At most 2000 characters. */
  readonly why?: string;
  /** Says what would be removed, and removes nothing. @default false */
  readonly dryRun?: boolean;
}

/** The most ids that a report names. */
export const maxReportedTasks = 1000;

/** What was removed, or would be. */
export const removalReportSchema = z.object({
  /** How many tasks. */
  tasks: count,
  /** The first of them, at most `maxReportedTasks`, in the order of their ends. */
  taskIds: z.array(idSchema),
  /** Tasks that stay because their worktrees could not be removed, at most 100, with the reasons. */
  kept: z.array(z.object({ taskId: idSchema, why: z.string() })),
  /** The directories of runs and checks. */
  runs: count,
  /** Of the log; in a dry run those of the tasks' streams. */
  events: count,
  /** By how much the log and those directories are smaller on the disk; in a dry run as nearly as can be told. */
  bytes: count,
  /** Bytes of the artifacts that only these tasks may have named: the next collection of garbage removes those. */
  artifactBytes: count,
});
export type RemovalReport = z.infer<typeof removalReportSchema>;
