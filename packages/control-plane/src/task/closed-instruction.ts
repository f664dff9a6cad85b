import type { TaskEvent } from '@runtime/contracts';
import type { InstructionState, TaskState } from '@runtime/contracts/fold';

/** What an instruction is closed with that nobody will send any more: not to be sent, or not known to have come. */
export function closedInstruction(
  state: TaskState,
  { id, level, runId }: InstructionState,
  why: { readonly unsent: string; readonly unseen: string },
): TaskEvent {
  return level === 'queued' || (level === 'sending' && !hasBegun(state, runId))
    ? { type: 'instruction.declined', instructionId: id, reason: why.unsent }
    : { type: 'instruction.unknown', instructionId: id, reason: why.unseen };
}

/** False for a run whose start failed so that no process can have been given anything. */
function hasBegun({ runs }: TaskState, runId: string | undefined): boolean {
  const run = runs.find((each) => each.runId === runId);
  return run?.capabilities !== undefined || run?.outcome?.status !== 'failed';
}
