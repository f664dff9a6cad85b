import { AgentRuntimeError, type TaskView } from '@runtime/contracts';
import type { Attach } from '@runtime/contracts/adapter';
import type { Command } from 'commander';
import { z } from 'zod';
import type { CliDependencies } from '../host/dependencies.ts';
import { exitCodes } from '../exit-codes.ts';
import { findTask } from '../plane/find-task.ts';
import { addCommand } from '../invocation/add-command.ts';

/** `runtime attach`. */
export function registerAttach(parent: Command, deps: CliDependencies): void {
  addCommand(parent, deps, {
    usage: 'attach <task>',
    description: 'open the terminal of a running agent in this one, where the runtime has one (tmux)',
    options: (command) => command.option('--read-only', 'only watch: what you type does not reach the agent'),
    ownSignals: true,
    body: async (context, [id], given) => {
      const { readOnly } = z.object({ readOnly: z.boolean().default(false) }).parse(given);
      const view = await findTask(await context.reading(), id);
      const attach = attachOf(view);
      await context.out.document(attach);
      if (context.out.json) return exitCodes.succeeded;
      const command = readOnly ? attach.readOnly : attach.command;
      if (command === undefined)
        throw new AgentRuntimeError('UNSUPPORTED', 'this runtime has no read-only view of its terminal');
      // Ctrl-C is for the program on the terminal; this process only waits for it.
      const unsubscribe = deps.onSignal(['SIGINT'], () => {});
      try {
        return await deps.runOnTerminal(command);
      } finally {
        unsubscribe();
      }
    },
  });
}

/** How to join the current run. Throws UNSUPPORTED for a runtime without a terminal, CONFLICT when no run is active. */
function attachOf(view: TaskView): Attach {
  const run = view.runs.at(-1);
  const hint = `runtime events -f ${view.id} shows what it does`;
  if (run === undefined || run.status === 'ended') {
    throw new AgentRuntimeError('CONFLICT', `no run of ${view.id} is active (the task is ${view.status})`, { hint });
  }
  if (run.status === 'starting')
    throw new AgentRuntimeError('CONFLICT', `the run of ${view.id} is still starting`, { hint });
  if (run.attach) return run.attach;
  throw new AgentRuntimeError('UNSUPPORTED', `a run on ${run.runtime} has no terminal to attach to`, { hint });
}
