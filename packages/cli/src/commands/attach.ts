import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AgentRuntimeError, type TaskView } from '@runtime/contracts';
import type { Command } from 'commander';
import { z } from 'zod';
import type { CliDependencies } from '../host/dependencies.ts';
import { exitCodes } from '../exit-codes.ts';
import { findTask } from '../plane/find-task.ts';
import { addCommand } from '../invocation/add-command.ts';

/** What an adapter leaves in a run's directory when a person can look at the run, or type into it. */
export const attachSchema = z.object({
  command: z.array(z.string().min(1)).min(1),
  /** The same, only for looking. */
  readOnly: z.array(z.string().min(1)).min(1).optional(),
});
export type Attach = z.infer<typeof attachSchema>;

/** `runtime attach`. */
export function registerAttach(parent: Command, deps: CliDependencies): void {
  addCommand(parent, deps, {
    usage: 'attach <task>',
    description: 'this terminal on the agent of a running task, where the runtime has one (tmux)',
    options: (command) => command.option('--read-only', 'look on; what you type does not reach the agent'),
    ownSignals: true,
    body: async (context, [id], given) => {
      const { readOnly } = z.object({ readOnly: z.boolean().default(false) }).parse(given);
      const view = await findTask(await context.reading(), id);
      const attach = await readAttach(view);
      await context.out.document(attach);
      if (context.out.json) return exitCodes.succeeded;
      const command = readOnly ? attach.readOnly : attach.command;
      if (command === undefined)
        throw new AgentRuntimeError('UNSUPPORTED', 'this runtime cannot be looked at without typing');
      // Ctrl-C belongs to the program on the terminal; we only wait for it.
      const unsubscribe = deps.onSignal(['SIGINT'], () => {});
      try {
        return await deps.runOnTerminal(command);
      } finally {
        unsubscribe();
      }
    },
  });
}

/** How to attach to the task's current run. UNSUPPORTED where its runtime offers no terminal, CONFLICT where nothing runs. */
export async function readAttach(view: TaskView): Promise<Attach> {
  const run = view.runs.at(-1);
  const hint = `runtime events -f ${view.id} shows what it does`;
  if (!run || run.status === 'ended') {
    throw new AgentRuntimeError('CONFLICT', `nothing of ${view.id} runs (${view.status})`, { hint });
  }
  let text: string;
  try {
    text = await readFile(join(run.runDir, 'attach.json'), 'utf8');
  } catch (error) {
    throw new AgentRuntimeError('UNSUPPORTED', `a run on ${run.runtime} has no terminal to attach to`, {
      hint,
      cause: error,
    });
  }
  try {
    return attachSchema.parse(JSON.parse(text));
  } catch (error) {
    throw new AgentRuntimeError('PROTOCOL_VIOLATION', `${run.runtime} left an attach.json that cannot be read`, {
      hint,
      cause: error,
    });
  }
}
