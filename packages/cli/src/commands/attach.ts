import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AgentRuntimeError, type TaskView } from '@runtime/contracts';
import type { Attach } from '@runtime/contracts/adapter';
import { z } from 'zod';
import { exitCodes } from '../exit-codes.ts';
import { findTask } from '../plane/find-task.ts';
import { shortId } from '../render/short-id.ts';
import type { Handler } from '../invocation/handle.ts';

/** `runtime attach`. */
export const attach: Handler = async (context, [id], given) => {
  const { readOnly } = z.object({ readOnly: z.boolean().default(false) }).parse(given);
  const view = await findTask(context, await context.reading(), id);
  const attach = attachOf(view, context.program);
  await context.out.document(attach);
  if (context.out.json) return exitCodes.succeeded;
  const command = readOnly ? attach.readOnly : attach.command;
  if (command === undefined)
    throw new AgentRuntimeError('UNSUPPORTED', 'this runtime has no read-only view of its terminal');
  context.out.remark(leaving(command, readOnly));
  // The agent's screen takes the place of this line at once: it has to be read before.
  if (context.out.live && !context.out.quiet) await sleep(context.deps.attachPauseMs ?? 1500);
  // Ctrl-C is for the program on the terminal; this process only waits for it.
  const unsubscribe = context.deps.onSignal(['SIGINT'], () => {});
  try {
    return await context.deps.runOnTerminal(command);
  } finally {
    unsubscribe();
  }
};

/** How to come back from the agent's terminal. The tmux server of an agent reads no configuration: its prefix is the default. */
function leaving([program = '']: readonly string[], readOnly: boolean): string {
  const keys = basename(program) === 'tmux' ? 'press Ctrl-b, then d' : 'detach as its program has it';
  const typing = readOnly ? '' : '; what you type reaches the agent';
  return `to leave: ${keys} (the agent goes on)${typing}`;
}

/** How to join the current run. Throws UNSUPPORTED for a runtime without a terminal, CONFLICT when no run is active. */
function attachOf(view: TaskView, program: string): Attach {
  const run = view.runs.at(-1);
  const id = shortId(view.id);
  const hint = `${program} watch ${id} shows what it does`;
  if (run === undefined || run.status === 'ended') {
    throw new AgentRuntimeError('CONFLICT', `no run of ${id} is active (the task is ${view.status})`, { hint });
  }
  if (run.status === 'starting')
    throw new AgentRuntimeError('CONFLICT', `the run of ${id} is still starting`, { hint });
  if (run.attach) return run.attach;
  throw new AgentRuntimeError('UNSUPPORTED', `a run on ${run.runtime} has no terminal to attach to`, { hint });
}
