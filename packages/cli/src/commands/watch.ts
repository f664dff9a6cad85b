import type { Command } from 'commander';
import type { CliDependencies } from '../host/dependencies.ts';
import { exitCodeOfOutcome, exitCodes } from '../exit-codes.ts';
import { addCommand } from '../invocation/add-command.ts';
import { findTask } from '../plane/find-task.ts';
import { openForFollowing } from '../plane/open-for-following.ts';
import { sayOwnerChanges } from '../plane/owner-changes.ts';
import { refuseOwnTask } from '../plane/refuse-own-task.ts';
import { shortId } from '../render/short-id.ts';
import { watchTask } from './watch-task.ts';

/** `runtime watch`. */
export function registerWatch(parent: Command, deps: CliDependencies): void {
  addCommand(parent, deps, {
    usage: 'watch <task>',
    description: 'show a task as run does, from its beginning until it ends',
    details: 'Ctrl-C stops watching; the task goes on. The exit code is 0 if the task succeeded.',
    examples: ['watch last', 'watch k3f9x2 --verbose', 'watch last -q > answer.md'],
    body: async (context, [id]) => {
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
        if (signal.aborted && !deps.brokenPipe.aborted)
          out.remark(`the task goes on; to watch it again: ${program} watch ${shortId(view.id)}`);
      }
    },
  });
}
