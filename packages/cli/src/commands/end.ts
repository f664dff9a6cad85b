import type { ActOptions, TaskHandle } from '@runtime/contracts';
import { z } from 'zod';
import { exitCodeOfOutcome } from '../exit-codes.ts';
import { defined } from '../defined.ts';
import { callingRun } from '../plane/calling-run.ts';
import { refuseOwnTask } from '../plane/refuse-own-task.ts';
import { findTask } from '../plane/find-task.ts';
import { formatTaskLine } from '../render/task.ts';
import type { Handler } from '../invocation/handle.ts';

const endOptionsSchema = z.object({ why: z.string().optional(), wait: z.boolean().default(false) });

type Act = (task: TaskHandle, options: ActOptions) => Promise<void>;

/** The body of a command that asks for an end. Without `--wait` it ends when the request is durable. */
const ending =
  (name: string, act: Act): Handler =>
  async (context, [id], given) => {
    const { why, wait } = endOptionsSchema.parse(given);
    const { signal, out } = context;
    const plane = await context.writing();
    const task = plane.task((await findTask(context, plane, id)).id);
    // A cancel ends this command, too.
    if (wait && name === 'close') await refuseOwnTask(context, plane, [task.id]);
    await act(task, { by: 'cli', signal, ...(why === undefined ? {} : { why }) });
    const outcome = wait
      ? await task.outcome(defined({ signal, waitingRunId: await callingRun(context.deps) }))
      : undefined;
    const view = await task.status({ signal });
    await out.document(view);
    const requested = view.outcome ? '' : `  ${out.colours.yellow(`${name} requested`)}`;
    await out.line(`${formatTaskLine(view, { now: Date.now(), colours: out.colours })}${requested}`);
    // `cancelled` is what the command asked for.
    return outcome === undefined || outcome.status === 'cancelled' ? 0 : exitCodeOfOutcome(outcome);
  };

/** `runtime interrupt`, `cancel` and `close`. */
export const end = {
  interrupt: ending('interrupt', (task, options) => task.interrupt(options)),
  cancel: ending('cancel', (task, options) => task.cancel(options)),
  close: ending('close', (task, options) => task.close(options)),
};
