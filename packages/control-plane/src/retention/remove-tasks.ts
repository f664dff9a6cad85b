import { lstat, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  AgentRuntimeError,
  messageWithHint,
  maxPrunedTasks,
  maxReportedTasks,
  throwIfAborted,
  type ErrorCode,
  type PlaneEvent,
  type RemovalReport,
} from '@runtime/contracts';
import { planeStream, taskStream } from '@runtime/contracts/log';
import type { Plane } from '../plane/plane.ts';
import type { LeftOvers } from '../history/removals.ts';
import { expectReleasable, releaseWorktree, type OwnedWorktree } from '../worktree/release.ts';
import type { Removable } from './choose.ts';
import { diskUse } from './disk-use.ts';
import { atOnce, letOthersRun } from './let-others-run.ts';

/** On whose behalf tasks are removed. */
export interface Remover {
  readonly by: string;
  readonly why?: string | undefined;
  readonly dryRun: boolean;
  /** The tasks were named: one that cannot be removed is an error, and not one that stays. @default false */
  readonly areNamed?: boolean;
}

/**
 * Removes ended tasks: records that they are, and then takes what is left of them from the disk. An owner that dies in
 * between is followed by one that goes on with it. Aborting `signal` ends it before the next ones are recorded.
 */
export async function removeTasks(
  plane: Plane,
  chosen: readonly Removable[],
  { by, why, dryRun, areNamed = false }: Remover,
  signal: AbortSignal,
): Promise<RemovalReport> {
  if (dryRun) return foretell(plane, chosen, signal);
  const { tasks, worktrees, kept } = await withReleasable(plane, chosen, areNamed, signal);
  for (let at = 0; at < tasks.length; at += maxPrunedTasks) {
    throwIfAborted(signal);
    const some = tasks.slice(at, at + maxPrunedTasks);
    const removed: LeftOvers = {
      tasks: some.map(({ id }) => id),
      runs: await runsOf(plane, some),
      worktrees: some.flatMap(({ id }) => worktrees.get(id) ?? []),
    };
    const given = { by, ...(why === undefined ? {} : { why }) };
    const event: PlaneEvent = { type: 'log.pruned', ...removed, ...given };
    await plane.ctx.failpoint('remove.before');
    await plane.ctx.log.append(planeStream, [event]);
    plane.registry.remove(removed);
    await plane.ctx.failpoint('remove.recorded');
  }
  try {
    return { ...summaryOf(tasks), kept, ...(await endRemovals(plane)) };
  } catch (thrown) {
    const { code, rawMessage, retry } = AgentRuntimeError.from(thrown);
    throw new AgentRuntimeError(code, `the tasks are removed, but not all of them from the disk: ${rawMessage}`, {
      hint: 'the next removal, and the next owner, goes on with the rest',
      retry,
      cause: thrown,
    });
  }
}

/** Takes from the disk what is left of removed tasks: their worktrees, the directories of their runs, their part of the log. */
export async function endRemovals(plane: Plane): Promise<Pick<RemovalReport, 'runs' | 'events' | 'bytes'>> {
  const { registry, ctx } = plane;
  const { tasks, runs, worktrees } = registry.removals.pending;
  if (tasks.length + runs.length + worktrees.length === 0) return { runs: 0, events: 0, bytes: 0 };
  for (const each of worktrees) await release(plane, each);
  let directories = 0;
  let freed = 0;
  for (const run of runs) {
    throwIfAborted(ctx.closing);
    const path = join(ctx.runsDir, run);
    if (await lstat(path).catch(() => undefined)) {
      freed += await diskUse(path);
      await rm(path, { recursive: true, force: true, maxRetries: 2 });
      directories += 1;
    }
    registry.removals.done({ runs: [run] });
  }
  await ctx.failpoint('remove.runs');
  const { events, bytes } = await ctx.log.removeStreams(tasks.map(taskStream), { signal: ctx.closing });
  await ctx.failpoint('remove.log');
  registry.removals.done({ tasks });
  await plane.save();
  return { runs: directories, events, bytes: freed + bytes };
}

/** Preserves the worktrees of tasks, and leaves out the tasks whose worktree cannot be removed. */
async function withReleasable(plane: Plane, chosen: readonly Removable[], areNamed: boolean, signal: AbortSignal) {
  const worktrees = new Map<string, OwnedWorktree>();
  const kept = new Map<string, string>();
  for (const { id: taskId, hasWorktree } of chosen) {
    const worktree = hasWorktree ? (await plane.state(taskId)).worktree : undefined;
    if (!worktree) continue;
    throwIfAborted(signal);
    const { repository, dir, gitDir, branch, base, owner } = worktree;
    const owned = { taskId, worktree: { repository, dir, gitDir, branch, base, owner } };
    try {
      await expectReleasable(plane.ctx, owned);
      worktrees.set(taskId, owned);
    } catch (thrown) {
      if (areNamed || plane.ctx.closing.aborted) throw thrown;
      kept.set(taskId, messageWithHint(AgentRuntimeError.from(thrown)).slice(0, 1000));
    }
  }
  return {
    tasks: chosen.filter(({ id }) => !kept.has(id)),
    worktrees,
    kept: [...kept].slice(0, maxKept).map(([taskId, why]) => ({ taskId, why })),
  };
}

/** What cannot be removed at the moment, because somebody works there by now, stays and is tried again. */
async function release({ ctx, registry }: Plane, owned: OwnedWorktree): Promise<void> {
  throwIfAborted(ctx.closing);
  try {
    await releaseWorktree(ctx, owned);
    registry.removals.done({ worktrees: [owned] });
  } catch (thrown) {
    const { code, message } = AgentRuntimeError.from(thrown);
    if (ctx.closing.aborted || !stays.has(code)) throw thrown;
    process.emitWarning(
      `the worktree ${owned.worktree.dir} of a removed task stays: ${message}`,
      'AgentRuntimeWarning',
    );
  }
}

const stays: ReadonlySet<ErrorCode> = new Set([
  'CONFLICT',
  'NOT_FOUND',
  'INVALID_ARGUMENT',
  'PERMISSION_DENIED',
  'UNAVAILABLE',
]);

const maxKept = 100;

const summaryOf = (tasks: readonly Removable[]): Pick<RemovalReport, 'tasks' | 'taskIds' | 'artifactBytes'> => ({
  tasks: tasks.length,
  taskIds: tasks.slice(0, maxReportedTasks).map(({ id }) => id),
  artifactBytes: tasks.reduce((sum, { artifactBytes }) => sum + artifactBytes, 0),
});

async function foretell(plane: Plane, tasks: readonly Removable[], signal: AbortSignal): Promise<RemovalReport> {
  const { log, runsDir } = plane.ctx;
  const bytesPerEvent = (await diskUse(join(runsDir, '..', 'log'), signal)) / Math.max(1, log.head);
  let events = 0;
  for (const [at, { id }] of tasks.entries()) {
    if (at % atOnce === 0) await letOthersRun(signal);
    events += log.revision(taskStream(id));
  }
  let bytes = Math.round(events * bytesPerEvent);
  let runs = 0;
  for (const name of await runsOf(plane, tasks)) {
    const used = await diskUse(join(runsDir, name), signal);
    if (used > 0) runs += 1;
    bytes += used;
  }
  return { ...summaryOf(tasks), kept: [], runs, events, bytes };
}

/** The directories of their runs and checks, by name. */
async function runsOf({ ctx }: Plane, tasks: readonly Removable[]): Promise<string[]> {
  const runs: string[] = [];
  for (const { id, runs: own, isChecked } of tasks) {
    runs.push(...own);
    if (!isChecked) continue;
    for await (const events of ctx.log.read({ stream: taskStream(id) })) {
      for (const { type, checkId } of events)
        if (type === 'check.started' && typeof checkId === 'string') runs.push(checkId);
    }
  }
  return runs;
}
