import { exitCodeOfOutcome, exitCodes } from '../exit-codes.ts';
import { findTask } from '../plane/find-task.ts';
import { openForFollowing } from '../plane/open-for-following.ts';
import { sayOwnerChanges } from '../plane/owner-changes.ts';
import { refuseOwnTask } from '../plane/refuse-own-task.ts';
import { shortId } from '../render/short-id.ts';
import { watchTask } from './watch-task.ts';
import type { Handler } from '../invocation/handle.ts';

/** `runtime watch`. */
export const watch: Handler = async (context, [id]) => {
  const { out, program, signal } = context;
  const followed = await openForFollowing(context);
  const { plane, isOwned, reconnect } = followed;
  const view = await findTask(context, plane, id);
  await refuseOwnTask(context, plane, [view.id]);
  if (!isOwned && view.endedAt === undefined)
    out.remark(`no owner lives, so this task makes no progress${context.starts}`);
  const stopSaying = sayOwnerChanges(context, followed, { untilStopped: true });
  try {
    const outcome = await watchTask(context, plane, view.id, { signal, reconnect });
    return outcome === undefined ? exitCodes.succeeded : exitCodeOfOutcome(outcome);
  } finally {
    await stopSaying();
    if (signal.aborted && !context.deps.brokenPipe.aborted)
      out.remark(`the task goes on; to watch it again: ${program} watch ${shortId(view.id)}`);
  }
};
