import { z } from 'zod';

const path = z.string().min(1).max(4096);
const commit = z.string().regex(/^[0-9a-f]{40,64}$/);
const oneLine = z.string().min(1).max(1000);

/** A workspace of a request: a git worktree that is made for the task, with a branch of its own. */
export const gitWorkspaceSchema = z.strictObject({
  /** A path in the repository; a bare one is fine. A relative one is meant from the caller's directory. */
  git: path,
  worktree: z.literal(true),
  /** What it begins from: a commit, a branch, a tag. @default what is checked out there when the task is submitted */
  base: oneLine.optional(),
});
export type GitWorkspace = z.infer<typeof gitWorkspaceSchema>;

/** The worktree that a task asked for, as it is recorded; its `workspace` is the path in the repository. */
export const worktreePlanSchema = z.strictObject({
  /** As it was asked for. */
  base: oneLine,
  /** What that was when the task was submitted. */
  commit,
});

/** A worktree that was made for a task. */
export const worktreeSchema = z.object({
  /** The directory that all worktrees of the repository share. */
  repository: path,
  /** Where its files are. */
  dir: path,
  /** Where git keeps its HEAD and index. */
  gitDir: path,
  /** Its branch, without `refs/heads/`. */
  branch: oneLine,
  /** The commit that it began from. */
  base: commit,
  /** Whose it is: the reason of its lock. */
  owner: oneLine,
});
export type WorktreeOfTask = z.infer<typeof worktreeSchema>;

/** Everything that was in a worktree at a moment, kept by a ref of its repository. */
export const preservedSchema = z.object({
  ref: oneLine,
  commit,
  /** Whether its files are others than those of the base. */
  changed: z.boolean(),
});
export type PreservedWorktree = z.infer<typeof preservedSchema>;
