import type { ActOptions, RunOutcome, TaskHandle } from '@runtime/contracts';
import type { Command } from 'commander';
import { z } from 'zod';
import type { CliDependencies } from '../host/dependencies.ts';
import { exitCodeOfOutcome } from '../exit-codes.ts';
import { defined } from '../defined.ts';
import { callingRun } from '../plane/calling-run.ts';
import { refuseOwnTask } from '../plane/refuse-own-task.ts';
import { findTask } from '../plane/find-task.ts';
import { formatTaskLine } from '../render/task.ts';
import { addCommand } from '../invocation/add-command.ts';
import type { CommandContext } from '../invocation/context.ts';
import { connectIfOwned } from '../plane/connect.ts';
import { openToEnd, type EndingPlane } from '../plane/open-to-end.ts';
import { withoutOwner } from '../render/without-owner.ts';

const endOptionsSchema = z.object({ why: z.string().optional(), wait: z.boolean().default(false) });

interface Ending {
  readonly name: string;
  readonly description: string;
  readonly examples: readonly string[];
  readonly details?: string;
  readonly act: (task: TaskHandle, options: ActOptions) => Promise<void>;
}

const endings: readonly Ending[] = [
  {
    name: 'interrupt',
    description: 'end the running turn; the task then waits for a follow-up',
    examples: ['interrupt last', 'interrupt k3f9x2 --why "wrong file"'],
    act: (task, options) => task.interrupt(options),
  },
  {
    name: 'cancel',
    description: 'end the task and stop its processes',
    examples: ['cancel last', 'cancel k3f9x2 --wait', 'cancel k3f9x2 --why "no longer needed"'],
    details: 'Where no owner lives, it ends the task itself, waits until that is done, and starts no owner.',
    act: (task, options) => task.cancel(options),
  },
  {
    name: 'close',
    description: 'end the task once the agent rests; it takes no more instructions',
    examples: ['close last', 'close k3f9x2 --wait'],
    act: (task, options) => task.close(options),
  },
];

/**
 * `runtime interrupt`, `cancel` and `close`. Without `--wait` they end when the request is durable; a cancel where no
 * owner lives, when the task has ended.
 */
export function registerEndings(parent: Command, deps: CliDependencies): void {
  for (const ending of endings) {
    const { name, description, examples, details } = ending;
    addCommand(parent, deps, {
      usage: `${name} <task>`,
      description,
      examples,
      ...(details === undefined ? {} : { details }),
      options: (command) => {
        command.option('--why <text>', 'the reason, which is recorded');
        return name === 'interrupt' ? command : command.option('--wait', 'wait until the task has ended');
      },
      body: (context, [id], given) => end(context, ending, id, given),
    });
  }
}

async function end(
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
