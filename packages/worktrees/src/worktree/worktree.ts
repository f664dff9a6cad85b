/** One of our worktrees, as plain data: keep it, and give it to every later call. */
export interface Worktree {
  /** The directory that all worktrees of the repository share, absolute. */
  readonly repository: string;
  /** Where its files are, absolute. */
  readonly dir: string;
  /** Where git keeps its HEAD and index, below `<repository>/worktrees`. */
  readonly gitDir: string;
  /** The branch that was made for it, without `refs/heads/`. */
  readonly branch: string;
  /** The commit that it began from. */
  readonly base: string;
  /** Whose it is: the reason of its lock, such as `runtime task 01J…`. */
  readonly owner: string;
}
