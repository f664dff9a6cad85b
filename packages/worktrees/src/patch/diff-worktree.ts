import { spawnGit } from '../git/spawn-git.ts';
import { contextOf } from '../git/context.ts';
import { splitNul } from '../git/raw-path.ts';
import { expectArgument, git } from '../git/run-git.ts';
import type { WorktreeOptions } from '../options.ts';
import { discover } from '../repository/inspect-repository.ts';
import type { ChangedFile } from './changed-file.ts';
import { parseChanges } from './parse-changes.ts';

/** Two commits of a repository. */
export interface DiffRange {
  /** Any path in it. */
  readonly repository: string;
  readonly base: string;
  readonly commit: string;
}

const renames = ['-M', '--no-ext-diff', '--no-textconv', '--ignore-submodules=none'];

/**
 * The files that differ between two commits, as git stores them, renames found. Throws UNAVAILABLE for what is no commit,
 * EXHAUSTED for a list of more than 256 MiB.
 */
export async function diffWorktree(
  { repository, base, commit }: DiffRange,
  options: WorktreeOptions = {},
): Promise<ChangedFile[]> {
  const context = await contextOf(options);
  const { commonDir } = await discover(context, repository);
  const args = ['diff-tree', '-r', '-z', '--raw', '--numstat', ...renames, ...range(base, commit)];
  return parseChanges(splitNul((await git(context, { gitDir: commonDir }, args)).stdout));
}

export const defaultMaxBytes = 1024 ** 3;

/** Options of `readPatch` and `applyPatch`. */
export interface PatchOptions extends WorktreeOptions {
  /** A longer patch throws EXHAUSTED. @default 1073741824 (1 Gi) */
  readonly maxBytes?: number;
}

/**
 * The patch from one commit to another, complete for `applyPatch` and `git apply`: binary files with their contents.
 * It is read as it is made; leaving the loop ends git.
 */
export async function* readPatch(
  { repository, base, commit }: DiffRange,
  options: PatchOptions = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  const context = await contextOf(options);
  const { commonDir } = await discover(context, repository);
  const format = [
    '-p',
    '--binary',
    '--full-index',
    '--no-color',
    '--src-prefix=a/',
    '--dst-prefix=b/',
    '--no-relative',
  ];
  const args = ['diff-tree', '-r', ...format, ...renames, '--submodule=short', ...range(base, commit)];
  yield* spawnGit(context, { gitDir: commonDir }, args, options.maxBytes ?? defaultMaxBytes);
}

function range(base: string, commit: string): string[] {
  expectArgument('the base', base);
  expectArgument('the commit', commit);
  return ['--end-of-options', base, commit, '--'];
}
