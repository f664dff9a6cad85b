import type { ActOptions, TaskHandle } from '@runtime/contracts';
import type { Command } from 'commander';
import { z } from 'zod';
import type { CliDependencies } from '../host/dependencies.ts';
import { exitCodeOfOutcome } from '../exit-codes.ts';
import { findTask } from '../plane/find-task.ts';
import { formatTask } from '../render/task.ts';
import { addCommand } from '../invocation/add-command.ts';

const endOptionsSchema = z.object({ why: z.string().optional(), wait: z.boolean().default(false) });

interface Ending {
  readonly name: string;
  readonly description: string;
  readonly act: (task: TaskHandle, options: ActOptions) => Promise<void>;
}

const endings: readonly Ending[] = [
  {
    name: 'interrupt',
    description: 'end the running turn and keep the session: the task then waits for a follow-up',
    act: (task, options) => task.interrupt(options),
  },
  {
    name: 'cancel',
    description: 'end the task by intent; its processes are stopped',
    act: (task, options) => task.cancel(options),
  },
  {
    name: 'close',
    description: 'no more instructions: the task ends when the agent rests',
    act: (task, options) => task.close(options),
  },
];

/** `runtime interrupt`, `cancel` and `close`. Each resolves when the intent is durable. */
export function registerEndings(parent: Command, deps: CliDependencies): void {
  for (const { name, description, act } of endings) {
    addCommand(parent, deps, {
      usage: `${name} <task>`,
      description,
      options: (command) => {
        command.option('--why <text>', 'the reason, for the record');
        return name === 'interrupt' ? command : command.option('--wait', 'until the task ended');
      },
      body: async (context, [id], given) => {
        const { why, wait } = endOptionsSchema.parse(given);
        const { signal, out } = context;
        const plane = await context.writing();
        const task = plane.task((await findTask(plane, id)).id);
        await act(task, { by: 'cli', signal, ...(why === undefined ? {} : { why }) });
        const outcome = wait ? await task.outcome({ signal }) : undefined;
        const view = await task.status({ signal });
        await out.document(view);
        await out.line(formatTask(view, Date.now(), out.colours)[0]);
        // A cancel that led to `cancelled` did what was asked for.
        return outcome === undefined || outcome.status === 'cancelled' ? 0 : exitCodeOfOutcome(outcome);
      },
    });
  }
}
