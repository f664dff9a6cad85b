/** A worktree, wherever its directory is at the moment. */
export interface Standing {
  readonly gitDir: string;
  readonly workTree: string;
}
