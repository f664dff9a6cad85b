import type { FailedOutcome, InstructionLevel, RunOutcome, TaskEvent } from '@runtime/contracts';
import type { TaskState } from '@runtime/contracts/fold';
import { collectFiles } from '../artifacts/collect-files.ts';
import { secretsOfCheck } from '../check/run-check.ts';
import { closedApprovals } from '../task/closed-approvals.ts';
import { closedInstruction } from '../task/closed-instruction.ts';
import { forgetSecrets } from '../task/run-secrets.ts';
import { hasValues } from '../task/task-values.ts';
import type { Task } from '../task/task.ts';
import { keepChanges } from '../worktree/keep-changes.ts';
import { afterMissing } from './after-check.ts';

/**
 * Keeps what was delivered and appends `task.ended`, after everything that is still open has been closed. Returns false:
 * nothing follows. True when the task was cancelled before it came to that, or its agent is sent back for what is missing.
 */
export async function endTask(task: Task, reached: RunOutcome): Promise<boolean> {
  // Before the end is recorded: an owner that dies in between comes here again.
  using collected = await collectFiles(task, reached);
  if (!collected) return true;
  const { missing } = collected;
  if (missing && (await sendBackFor(task, missing))) return true;
  const outcome = missing ?? reached;
  using changes = await keepChanges(task);
  await forgetSecrets(task.ctx, [...task.state.runs, ...secretsOfCheck(task.state)]);
  await task.record((state) => [
    ...closedApprovals(state),
    ...closedInstructions(state),
    ...collected.events,
    ...changes.events,
    { type: 'task.ended', outcome },
  ]);
  task.ctx.leases.releaseAll(task.id);
  if (hasValues(task.state.spec)) await task.ctx.values.remove(task.id);
  return false;
}

async function sendBackFor(task: Task, missing: FailedOutcome): Promise<boolean> {
  const { next } = await task.record((state) => afterMissing(task.ctx, state, missing));
  return next !== undefined;
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
