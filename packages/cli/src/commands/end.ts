import type { ActOptions, RunOutcome, TaskHandle } from '@runtime/contracts';
import { z } from 'zod';
import { exitCodeOfOutcome } from '../exit-codes.ts';
import { defined } from '../defined.ts';
import { callingRun } from '../plane/calling-run.ts';
import { refuseOwnTask } from '../plane/refuse-own-task.ts';
import { findTask } from '../plane/find-task.ts';
import { formatTaskLine } from '../render/task.ts';
import type { CommandContext } from '../invocation/context.ts';
import type { Handler } from '../invocation/handle.ts';
import { connectIfOwned } from '../plane/connect.ts';
import { openToEnd, type EndingPlane } from '../plane/open-to-end.ts';
import { withoutOwner } from '../render/without-owner.ts';

const endOptionsSchema = z.object({ why: z.string().optional(), wait: z.boolean().default(false) });

interface Ending {
  readonly name: 'interrupt' | 'cancel' | 'close';
  readonly act: (task: TaskHandle, options: ActOptions) => Promise<void>;
}

const ending =
  (name: Ending['name'], act: Ending['act']): Handler =>
  (context, [id], given) =>
    endTask(context, { name, act }, id, given);

/**
 * `runtime interrupt`, `cancel` and `close`. Without `--wait` they end when the request is durable; a cancel where no
 * owner lives, when the task has ended.
 */
export const end = {
  interrupt: ending('interrupt', (task, options) => task.interrupt(options)),
  cancel: ending('cancel', (task, options) => task.cancel(options)),
  close: ending('close', (task, options) => task.close(options)),
};

async function endTask(
  context: CommandContext,
  { name, act }: Ending,
  id: string | undefined,
  given: Record<string, unknown>,
): Promise<number> {
  const { why, wait } = endOptionsSchema.parse(given);
  const { signal, out } = context;
  const { plane, taskId, isOurs } = await (name === 'cancel' ? toCancel(context, id) : toAsk(context, id));
  const task = plane.task(taskId);
  // A cancel ends this command, too.
  if (wait && name === 'close') await refuseOwnTask(context, plane, [task.id]);
  await act(task, { by: 'cli', signal, ...(why === undefined ? {} : { why }) });
  const outcome = wait || isOurs ? await outcomeOf(context, task, isOurs) : undefined;
  const view = await task.status({ signal });
  await out.document(view);
  const requested = view.outcome ? '' : `  ${out.colours.yellow(`${name} requested`)}`;
  await out.line(`${formatTaskLine(view, { now: Date.now(), colours: out.colours })}${requested}`);
  const { unfinished } = isOurs ? await plane.info({ signal }) : { unfinished: 0 };
  if (unfinished > 0) out.remark(withoutOwner(unfinished, context.deps));
  // `cancelled` is what the command asked for.
  return !wait || outcome === undefined || outcome.status === 'cancelled' ? 0 : exitCodeOfOutcome(outcome);
}

async function outcomeOf(
  { deps, signal, out }: CommandContext,
  task: TaskHandle,
  isOurs: boolean,
): Promise<RunOutcome> {
  try {
    // A plane of ours has nothing else to do, so nobody can be waiting for one another.
    return await task.outcome(defined({ signal, waitingRunId: isOurs ? undefined : await callingRun(deps) }));
  } catch (error) {
    if (isOurs && signal.aborted) out.remark('the cancel is recorded; the next owner ends what is left');
    throw error;
  }
}

interface Named extends EndingPlane {
  readonly taskId: string;
}

async function toAsk(context: CommandContext, id: string | undefined): Promise<Named> {
  const plane = await context.writing();
  return { plane, isOurs: false, taskId: (await findTask(context, plane, id)).id };
}

/** Where no owner lives, none is started only to end something, unless it must outlive this command. */
async function toCancel(context: CommandContext, id: string | undefined): Promise<Named> {
  const owned = await connectIfOwned(context);
  const reading = owned ? context.closeAtEnd(owned) : await context.reading();
  const { id: taskId, runs } = await findTask(context, reading, id);
  if (owned) return { plane: owned, isOurs: false, taskId };
  const runId = await callingRun(context.deps);
  // With its agent, this command would end as well.
  const isOwnTask = runs.some((run) => run.runId === runId && run.status !== 'ended');
  return isOwnTask ? toAsk(context, taskId) : { ...(await openToEnd(context)), taskId };
}
