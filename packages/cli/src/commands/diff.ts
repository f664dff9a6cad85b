import { resolve } from 'node:path';
import { AgentRuntimeError, type ControlPlane, type TaskView } from '@runtime/contracts';
import type { ChangedFile } from '@runtime/worktrees';
import { z } from 'zod';
import { usageError } from '../arguments/usage-error.ts';
import { exitCodes } from '../exit-codes.ts';
import type { CommandContext } from '../invocation/context.ts';
import type { Handler } from '../invocation/handle.ts';
import { findTask } from '../plane/find-task.ts';
import { shortId } from '../render/short-id.ts';
import { sanitizeLine } from '../sanitize.ts';

const patchName = 'changes.patch';

type WorktreeView = NonNullable<TaskView['worktree']>;

const diffOptionsSchema = z.object({ stat: z.boolean().default(false) });

/** `runtime diff`. */
export const diff: Handler = async (context, [id], given) => {
  const { out, signal, deps } = context;
  const { stat } = diffOptionsSchema.parse(given);
  const plane = await context.reading();
  const task = await findTask(context, plane, id);
  const worktree = worktreeOf(task);
  const { diffWorktree, readPatch } = await import('@runtime/worktrees');
  const options = { signal, env: deps.env };
  const commit = await commitOf(context, task, worktree);
  const range = { repository: worktree.repository, base: worktree.base, commit };
  if (!stat && !out.json && !out.quiet) {
    const kept = task.endedAt === undefined ? undefined : await patchOf(plane, task, signal);
    return out.bytes(kept ?? readPatch(range, options));
  }
  const files = await diffWorktree(range, options);
  await out.document({ taskId: task.id, ...range, files });
  if (out.quiet) return out.bare(files.map(({ path }) => path).join('\n'));
  for (const file of files) await out.line(lineOf(file));
  if (files.length === 0) await out.line(`task ${shortId(task.id)} has changed nothing`);
};

function lineOf({ kind, path, added, deleted }: ChangedFile): string {
  const lines = added === undefined ? 'binary' : `+${added} -${deleted ?? 0}`;
  return `${kind.padEnd(8)}  ${lines.padStart(11)}  ${sanitizeLine(path, 1024)}`;
}

/** What the worktree holds: of a task that has ended, what was preserved; else what is there now, which is preserved, too. */
async function commitOf({ deps, signal }: CommandContext, task: TaskView, worktree: WorktreeView): Promise<string> {
  if (task.endedAt !== undefined && worktree.preserved) return worktree.preserved.commit;
  const { findWorktree, preserveWorktree } = await import('@runtime/worktrees');
  const options = { signal, env: deps.env };
  const ref = `refs/runtime/preserved/${task.id}/looked-at`;
  const message = `The worktree of task ${task.id}, when it was looked at`;
  const found = await findWorktree(worktree.dir, options);
  return (await preserveWorktree({ worktree: found, ref, message }, options)).commit;
}

const applyOptionsSchema = z.object({
  to: z.string().optional(),
  check: z.boolean().default(false),
  threeWay: z.boolean().default(false),
});

/** `runtime apply`. */
export const apply: Handler = async (context, [id], given) => {
  const { out, signal, deps } = context;
  const { to, check, threeWay } = applyOptionsSchema.parse(given);
  const plane = await context.reading();
  const task = await findTask(context, plane, id);
  const worktree = worktreeOf(task);
  if (task.endedAt === undefined) {
    throw new AgentRuntimeError('CONFLICT', `task ${shortId(task.id)} has not ended`, {
      hint: `runtime diff ${shortId(task.id)} shows what it has changed so far`,
    });
  }
  const dir = to === undefined ? deps.cwd : resolve(deps.cwd, to);
  if (to === undefined) await expectSameRepository(context, worktree);
  const patch = await patchOf(plane, task, signal);
  if (!patch) return out.line(`task ${shortId(task.id)} has changed nothing`);
  const { applyPatch } = await import('@runtime/worktrees');
  const applied = applyPatch({ dir, patch, check, threeWay }, { signal, env: deps.env });
  const { conflicts } = await applied.catch((thrown: unknown) => {
    throw threeWay ? thrown : withMergeHint(context, task, thrown);
  });
  await out.document({ taskId: task.id, dir, checked: check, conflicts });
  for (const file of conflicts) await out.line(`${out.colours.yellow('conflict')}  ${sanitizeLine(file, 1024)}`);
  if (conflicts.length > 0) return exitCodes.failed;
  const what = `the changes of task ${shortId(task.id)}`;
  await out.line(
    check ? `${what} apply to ${sanitizeLine(dir, 1000)}` : `applied ${what} to ${sanitizeLine(dir, 1000)}`,
  );
  return exitCodes.succeeded;
};

/** The hint of a patch that does not apply, in words of the command line. */
function withMergeHint({ program }: CommandContext, { id }: TaskView, thrown: unknown): unknown {
  if (!AgentRuntimeError.isInstance(thrown) || thrown.details?.reason !== 'doesNotApply') return thrown;
  const { code, rawMessage, details } = thrown;
  const hint = `${program} apply ${shortId(id)} --three-way merges them; or remove your changes in these files`;
  return new AgentRuntimeError(code, rawMessage, { hint, details, cause: thrown });
}

async function expectSameRepository({ deps, signal }: CommandContext, { repository }: WorktreeView): Promise<void> {
  const { inspectRepository } = await import('@runtime/worktrees');
  const options = { signal, env: deps.env };
  const here = await inspectRepository(deps.cwd, options).catch((error: unknown) => AgentRuntimeError.from(error));
  if (!AgentRuntimeError.isInstance(here) && here.commonDir === repository) return;
  throw usageError(
    `the current directory is no checkout of ${repository}`,
    'change to one, or name a checkout with --to',
  );
}

function worktreeOf({ id, worktree }: TaskView): WorktreeView {
  if (worktree) return worktree;
  throw usageError(`task ${shortId(id)} has no worktree of its own`, 'runtime run --worktree gives one to a task');
}

/** The patch that was kept at the end; undefined where nothing was changed. */
async function patchOf(
  plane: ControlPlane,
  { id, worktree }: TaskView,
  signal: AbortSignal,
): Promise<AsyncIterable<Uint8Array> | undefined> {
  for await (const artifact of plane.task(id).artifacts({ signal })) {
    if (artifact.name === patchName && artifact.origin === 'worktree') return artifact.body({ signal });
  }
  if (worktree?.preserved?.changed !== true) return undefined;
  throw new AgentRuntimeError('NOT_FOUND', `the changes of task ${shortId(id)} were not kept as a patch`, {
    hint: `git diff ${worktree.base} ${worktree.preserved.commit} shows them, in ${worktree.repository}`,
  });
}
