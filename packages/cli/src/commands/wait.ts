import type { RunOutcome, TaskView } from '@runtime/contracts';
import { z } from 'zod';
import { formatDuration } from '../arguments/duration.ts';
import type { CommandContext } from '../invocation/context.ts';
import { exitCodeOfOutcome, exitCodes } from '../exit-codes.ts';
import { findTask } from '../plane/find-task.ts';
import { callingRun } from '../plane/calling-run.ts';
import { followTask } from '../plane/follow-task.ts';
import { openForFollowing, type FollowedPlane } from '../plane/open-for-following.ts';
import { sayOwnerChanges } from '../plane/owner-changes.ts';
import { refuseOwnTask } from '../plane/refuse-own-task.ts';
import { shortId } from '../render/short-id.ts';
import { describeOutcome } from '../render/summary.ts';
import type { Handler } from '../invocation/handle.ts';

const waitOptionsSchema = z.object({ any: z.boolean().default(false), timeout: z.int().optional() });

interface Ended {
  readonly taskId: string;
  readonly outcome: RunOutcome;
}

/** `runtime wait`. */
export const wait: Handler = async (context, names, given) => {
  const { any, timeout } = waitOptionsSchema.parse(given);
  const followed = await openForFollowing(context);
  const views = new Map<string, TaskView>();
  for (const name of names) {
    const view = await findTask(context, followed.plane, name);
    views.set(view.id, view);
  }
  if (!followed.isOwned && [...views.values()].some(({ endedAt }) => endedAt === undefined))
    context.out.remark(`no owner lives, so no task makes progress${context.starts}`);
  await refuseOwnTask(context, followed.plane, [...views.keys()]);
  const stopSaying = sayOwnerChanges(context, followed);
  try {
    return await waitForTasks(context, followed, [...views.keys()], { any, timeout });
  } finally {
    await stopSaying();
  }
};

async function waitForTasks(
  context: CommandContext,
  { plane, reconnect }: FollowedPlane,
  ids: readonly string[],
  { any, timeout }: z.infer<typeof waitOptionsSchema>,
): Promise<number> {
  const { out } = context;
  const waitingRunId = await callingRun(context.deps);
  const enough = new AbortController();
  const late = timeout === undefined ? undefined : AbortSignal.timeout(timeout);
  const signal = AbortSignal.any([context.signal, enough.signal, ...(late ? [late] : [])]);
  const ended: Ended[] = [];
  const waits = ids.map(async (taskId) => {
    for await (const event of followTask(plane, taskId, { follow: true, signal, reconnect, waitingRunId })) {
      if (event.type !== 'task.ended' || signal.aborted) continue;
      ended.push({ taskId, outcome: event.outcome });
      if (any) enough.abort();
      await out.line(`${shortId(taskId, ids)}  ${describeOutcome(event.outcome)}`);
    }
  });
  // Every wait is over before the plane is closed; the first failure that is not our own abort counts.
  const results = await Promise.allSettled(waits);
  const failure = results.find((result) => result.status === 'rejected');
  if (failure && !signal.aborted) throw failure.reason;
  await out.document(ended);
  if (late?.aborted && !context.signal.aborted && !enough.signal.aborted) {
    const open = ids.filter((id) => !ended.some(({ taskId }) => taskId === id));
    out.remark(`not ended within ${formatDuration(timeout ?? 0)}: ${open.map((id) => shortId(id, ids)).join(', ')}`);
    return exitCodes.timedOut;
  }
  return Math.max(exitCodes.succeeded, ...ended.map(({ outcome }) => exitCodeOfOutcome(outcome)));
}
