import type { ActOptions, TaskHandle } from '@runtime/contracts';
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

const endOptionsSchema = z.object({ why: z.string().optional(), wait: z.boolean().default(false) });

interface Ending {
  readonly name: string;
  readonly description: string;
  readonly examples: readonly string[];
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
    act: (task, options) => task.cancel(options),
  },
  {
    name: 'close',
    description: 'end the task once the agent rests; it takes no more instructions',
    examples: ['close last', 'close k3f9x2 --wait'],
    act: (task, options) => task.close(options),
  },
];

/** `runtime interrupt`, `cancel` and `close`. Without `--wait` they end when the request is durable. */
export function registerEndings(parent: Command, deps: CliDependencies): void {
  for (const { name, description, act, examples } of endings) {
    addCommand(parent, deps, {
      usage: `${name} <task>`,
      description,
      examples,
      options: (command) => {
        command.option('--why <text>', 'the reason, which is recorded');
        return name === 'interrupt' ? command : command.option('--wait', 'wait until the task has ended');
      },
      body: async (context, [id], given) => {
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
      },
    });
  }
}
