/**
 * Git worktrees for agents: made, looked through, preserved, compared, applied, restored and removed. Nothing is ever
 * removed before a ref keeps it, and whatever is killed, the same call again finishes it.
 *
 * @packageDocumentation
 */
export type { Around, WorktreeOptions } from './options.ts';
export { applyPatch } from './patch/apply-patch.ts';
export type { Applied, ApplyRequest } from './patch/apply-patch.ts';
export type { ChangedFile, ChangeKind } from './patch/changed-file.ts';
export { diffWorktree, readPatch } from './patch/diff-worktree.ts';
export type { DiffRange, PatchOptions } from './patch/diff-worktree.ts';
export { preserveWorktree } from './preserve/preserve-worktree.ts';
export type { Preserved, PreserveRequest } from './preserve/preserve-worktree.ts';
export type { BranchEnd } from './remove/forget-branch.ts';
export { removeWorktree } from './remove/remove-worktree.ts';
export type { Removed, RemoveRequest } from './remove/remove-worktree.ts';
export { inspectRepository } from './repository/inspect-repository.ts';
export type { Repository } from './repository/inspect-repository.ts';
export { resolveBase } from './repository/resolve-base.ts';
export { restoreWorktree } from './restore/restore-worktree.ts';
export type { Restored, RestoreRequest } from './restore/restore-worktree.ts';
export type { Ignored } from './snapshot/look-around.ts';
export type { Unpreserved, UnpreservedReason } from './snapshot/unpreserved.ts';
export { abandonWorktree, addWorktree } from './worktree/add-worktree.ts';
export type { NewWorktree } from './worktree/add-worktree.ts';
export { findWorktree, repairWorktree } from './worktree/find-worktree.ts';
export type { Worktree } from './worktree/worktree.ts';
