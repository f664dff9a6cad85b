import { outcomeCode, type OutcomeCode } from '@runtime/contracts';
import type { RunState, TaskState } from '@runtime/contracts/fold';

/** With these codes a run without a turn has done nothing. */
const nothingDone: ReadonlySet<OutcomeCode | undefined> = new Set(['unavailable', 'invalid_request']);

/** Whether a run's first instruction was never sent: starting again repeats nothing then. */
export function neverBegan(run: RunState, state: TaskState): boolean {
  if (run.turns > 0) return false;
  const level = state.instructions[run.instructionId]?.level;
  return nothingDone.has(run.outcome && outcomeCode(run.outcome)) || level === 'queued';
}

/** Whether a run's first instruction was refused and nothing was done. A backend may report an empty turn for it. */
export const wasRefused = (state: TaskState, run: RunState): boolean =>
  state.instructions[run.instructionId]?.level === 'declined' && run.toolsStarted === 0;
