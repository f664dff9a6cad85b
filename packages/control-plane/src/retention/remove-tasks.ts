import { lstat, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  AgentRuntimeError,
  maxPrunedTasks,
  maxReportedTasks,
  throwIfAborted,
  type PlaneEvent,
  type RemovalReport,
} from '@runtime/contracts';
import { planeStream, taskStream } from '@runtime/contracts/log';
import type { Plane } from '../plane/plane.ts';
import { releaseWorktree } from '../worktree/release.ts';
import type { Removable } from './choose.ts';
import { diskUse } from './disk-use.ts';
import { atOnce, letOthersRun } from './let-others-run.ts';

/** On whose behalf tasks are removed. */
export interface Remover {
  readonly by: string;
  readonly why?: string | undefined;
  readonly dryRun: boolean;
}

/**
 * Removes ended tasks: records that they are, and then takes what is left of them from the disk. An owner that dies in
 * between is followed by one that goes on with it. Aborting `signal` ends it before the next ones are recorded.
 */
export async function removeTasks(
  plane: Plane,
  chosen: readonly Removable[],
  { by, why, dryRun }: Remover,
  signal: AbortSignal,
): Promise<RemovalReport> {
  if (dryRun) return foretell(plane, chosen, signal);
  const { tasks, kept } = await withoutWorktrees(plane, chosen, signal);
  for (let at = 0; at < tasks.length; at += maxPrunedTasks) {
    throwIfAborted(signal);
    const some = tasks.slice(at, at + maxPrunedTasks);
    const ids = some.map(({ id }) => id);
    const runs = await runsOf(plane, some);
    const event: PlaneEvent = { type: 'log.pruned', tasks: ids, runs, by, ...(why === undefined ? {} : { why }) };
    await plane.ctx.failpoint('remove.before');
    await plane.ctx.log.append(planeStream, [event]);
    plane.registry.remove(ids, runs);
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

/** Takes from the disk what is left of removed tasks: the directories of their runs, and their part of the log. */
export async function endRemovals(plane: Plane): Promise<Pick<RemovalReport, 'runs' | 'events' | 'bytes'>> {
  const { registry, ctx } = plane;
  const { tasks, runs } = registry.removals.pending;
  if (tasks.length === 0) return { runs: 0, events: 0, bytes: 0 };
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
    registry.removals.done({ tasks: [], runs: [run] });
  }
  await ctx.failpoint('remove.runs');
  const { events, bytes } = await ctx.log.removeStreams(tasks.map(taskStream), { signal: ctx.closing });
  await ctx.failpoint('remove.log');
  registry.removals.done({ tasks, runs: [] });
  await plane.save();
  return { runs: directories, events, bytes: freed + bytes };
}

/** Removes the worktrees of tasks. What stays because its worktree does is left out. */
async function withoutWorktrees(
  plane: Plane,
  chosen: readonly Removable[],
  signal: AbortSignal,
): Promise<{ readonly tasks: readonly Removable[]; readonly kept: RemovalReport['kept'] }> {
  const kept = new Map<string, string>();
  for (const { id, hasWorktree } of chosen) {
    if (!hasWorktree) continue;
    throwIfAborted(signal);
    try {
      await releaseWorktree(plane.ctx, await plane.state(id));
    } catch (thrown) {
      if (plane.ctx.closing.aborted) throw thrown;
      const error = AgentRuntimeError.from(thrown);
      // Who names one task is told as an error.
      if (chosen.length === 1) throw error;
      kept.set(id, error.rawMessage.slice(0, 1000));
    }
  }
  return {
    tasks: kept.size === 0 ? chosen : chosen.filter(({ id }) => !kept.has(id)),
    kept: [...kept].slice(0, maxKept).map(([taskId, why]) => ({ taskId, why })),
  };
}

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
