import { textOf, type RawPath } from '../git/raw-path.ts';

/**
 * Why something cannot be kept in a commit: a repository of its own; a submodule with files or commits that are nowhere
 * else; a FIFO, socket or device; what cannot be read; a name that git takes for no file.
 */
export type UnpreservedReason = 'nested_repository' | 'submodule' | 'special_file' | 'unreadable' | 'refused_name';

/** Something that no commit can keep. */
export interface Unpreserved {
  /** From the worktree. Bytes that are no UTF-8 are written as `\xNN`. */
  readonly path: string;
  readonly why: UnpreservedReason;
}

export const unpreserved = (path: RawPath, why: UnpreservedReason): Unpreserved => ({
  path: textOf(path) || '.',
  why,
});
