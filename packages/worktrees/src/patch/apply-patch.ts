import { createWriteStream } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { AgentRuntimeError, throwIfAborted } from '@runtime/contracts';
import { translated } from '../system/translated.ts';
import { contextOf, type GitContext } from '../git/context.ts';
import { tailOf } from '../git/git-failure.ts';
import { splitNul, textOf } from '../git/raw-path.ts';
import { git, type Place } from '../git/run-git.ts';
import { inspectRepository } from '../repository/inspect-repository.ts';
import { atMost } from '../git/at-most.ts';
import { defaultMaxBytes, type PatchOptions } from './diff-worktree.ts';
import { refusedFiles } from './refused-files.ts';

/** What `applyPatch` applies. */
export interface ApplyRequest {
  /** Any path in the checkout; the paths of the patch begin at its root. */
  readonly dir: string;
  /** The path of a file, or chunks as `readPatch` gives them. */
  readonly patch: string | AsyncIterable<Uint8Array>;
  /** Only find out whether it applies. @default false */
  readonly check?: boolean;
  /**
   * Where it does not apply, merge by the contents that it names, if the repository has them: into the index too, and
   * with conflict markers where both sides changed the same lines. @default false
   */
  readonly threeWay?: boolean;
}

/** What was done. */
export interface Applied {
  /** Files with conflict markers: only with `threeWay`. */
  readonly conflicts: readonly string[];
}

/**
 * Applies a patch to the files of a checkout, all of it or nothing. Other changes there stay; the index is not touched
 * but with `threeWay`. No hook runs, and no file outside of the checkout, behind a link or in `.git` is written.
 * Aborting `signal` has no effect once the writing began.
 *
 * Throws CONFLICT with `details.files` when it does not apply (`details.reason` is `doesNotApply`);
 * EXHAUSTED for a stream of more than `maxBytes`; INVALID_ARGUMENT for what is no patch (`noPatch`), for one that names files out of the checkout (`outside`), or no
 * checkout; NOT_FOUND for a file or directory that is not there.
 */
export function applyPatch(request: ApplyRequest, options: PatchOptions = {}): Promise<Applied> {
  return translated(apply(request, options));
}

async function apply(
  { dir, patch, check = false, threeWay = false }: ApplyRequest,
  options: PatchOptions,
): Promise<Applied> {
  const context = await contextOf(options);
  const { root } = await inspectRepository(dir, options);
  if (root === undefined) {
    throw new AgentRuntimeError('INVALID_ARGUMENT', `${dir} lies in no checkout`, { details: { reason: 'bare' } });
  }
  const folder = await mkdtemp(join(tmpdir(), 'runtime-patch-'));
  try {
    const file = await fileOf(patch, join(folder, 'patch'), options);
    if (file === undefined) return { conflicts: [] };
    return await applyFile(context, { cwd: root }, file, { check, threeWay });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** It is read twice, so it has to be a file. Undefined for an empty one. */
async function fileOf(
  patch: ApplyRequest['patch'],
  copy: string,
  { signal, maxBytes = defaultMaxBytes }: PatchOptions,
): Promise<string | undefined> {
  const path = typeof patch === 'string' ? resolve(patch) : copy;
  if (typeof patch !== 'string') {
    const capped = atMost(patch, maxBytes);
    await pipeline(capped, createWriteStream(copy, { mode: 0o600 }), signal ? { signal } : {}).catch(
      (error: unknown) => {
        throwIfAborted(signal);
        throw error;
      },
    );
  }
  const found = await stat(path).catch((cause: unknown) => {
    throw new AgentRuntimeError('NOT_FOUND', `there is no patch ${path}`, { cause });
  });
  return found.size === 0 ? undefined : path;
}

async function applyFile(
  context: GitContext,
  place: Place,
  file: string,
  { check, threeWay }: { readonly check: boolean; readonly threeWay: boolean },
): Promise<Applied> {
  const args = ['apply', '--whitespace=nowarn', '--no-ignore-whitespace', ...(threeWay ? ['--3way'] : [])];
  const answers = [0, 1, 128];
  const checked = await git(context, place, [...args, '--check', '--', file], { answers });
  if (checked.code !== 0) throw refusal(checked.stderr, threeWay);
  if (check) return { conflicts: [] };
  throwIfAborted(context.signal);
  const written = await git({ ...context, signal: undefined }, place, [...args, '--', file], { answers, isStep: true });
  if (written.code === 0) return { conflicts: [] };
  const conflicts = threeWay ? await conflictsIn(context, place) : [];
  if (conflicts.length === 0) throw refusal(written.stderr, threeWay);
  return { conflicts };
}

async function conflictsIn(context: GitContext, place: Place): Promise<string[]> {
  const args = ['diff', '--name-only', '-z', '--diff-filter=U', '--no-ext-diff'];
  return splitNul((await git(context, place, args)).stdout).map(textOf);
}

function refusal(stderr: string, threeWay: boolean): AgentRuntimeError {
  const text = tailOf(stderr);
  if (/invalid path|beyond a symbolic link|outside repository/.test(stderr)) {
    return new AgentRuntimeError('INVALID_ARGUMENT', `the patch names files out of the checkout: ${text}`, {
      details: { reason: 'outside', files: refusedFiles(stderr) },
    });
  }
  if (/corrupt patch|No valid patches|unrecognized input|patch with only garbage|patch fragment without/.test(stderr)) {
    return new AgentRuntimeError('INVALID_ARGUMENT', `it is no patch: ${text}`, { details: { reason: 'noPatch' } });
  }
  const hint = threeWay
    ? 'commit, stash or remove the changes in these files first'
    : 'apply it with threeWay, which merges, or remove the changes in these files';
  return new AgentRuntimeError('CONFLICT', `the patch does not apply: ${text}`, {
    hint,
    details: { reason: 'doesNotApply', files: refusedFiles(stderr) },
  });
}
