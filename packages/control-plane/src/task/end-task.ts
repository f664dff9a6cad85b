import type { InstructionLevel, RunOutcome, TaskEvent } from '@runtime/contracts';
import type { TaskState } from '@runtime/contracts/fold';
import { closedApprovals } from './closed-approvals.ts';
import { closedInstruction } from './closed-instruction.ts';
import { forgetSecrets } from './run-secrets.ts';
import { hasValues } from './task-values.ts';
import type { Task } from './task.ts';

/** Appends `task.ended`, after everything that is still open has been closed. Returns false: nothing follows. */
export async function endTask(task: Task, outcome: RunOutcome): Promise<false> {
  // Before the end is recorded: an owner that dies in between comes here again.
  await forgetSecrets(task.ctx, task.state.runs);
  await task.record((state) => [
    ...closedApprovals(state),
    ...closedInstructions(state),
    { type: 'task.ended', outcome },
  ]);
  task.ctx.leases.releaseAll(task.id);
  if (hasValues(task.state.spec)) await task.ctx.values.remove(task.id);
  return false;
}

const unfinished: ReadonlySet<InstructionLevel> = new Set(['queued', 'sending', 'accepted']);
const why = {
  unsent: 'The task ended before this instruction was sent',
  unseen: 'The task ended before this instruction was seen to enter a turn',
};

function closedInstructions(state: TaskState): TaskEvent[] {
  return Object.values(state.instructions)
    .filter(({ level }) => unfinished.has(level))
    .map((instruction) => closedInstruction(state, instruction, why));
}
