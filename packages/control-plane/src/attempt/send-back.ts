import type { TaskEvent } from '@runtime/contracts';
import type { TaskState } from '@runtime/contracts/fold';
import type { PlaneContext } from '../task/context.ts';
import { canResume } from './what-follows.ts';

interface Sent {
  /** What the agent is told. */
  readonly text: string;
  readonly reason: string;
  /** Whether this is one of the `maxRounds` of the task's check. */
  readonly isRound: boolean;
}

/**
 * Another run for an agent that has ended well, as events: in the same conversation where that can be resumed, else it
 * starts over and gets the text with its prompt. It costs no attempt: nothing of the runtime's failed.
 */
export function sendBack(
  { newId, clock }: Pick<PlaneContext, 'newId' | 'clock'>,
  state: TaskState,
  { text, reason, isRound }: Sent,
): TaskEvent[] {
  const run = state.runs.at(-1);
  if (!run) return [];
  const mode = canResume(state, run) ? 'resume' : 'restart';
  const as = mode === 'resume' ? 'prompt' : 'followUp';
  return [
    { type: 'instruction.queued', instructionId: newId('ins'), mode: as, parts: [{ type: 'text', text }], by: 'plane' },
    {
      type: 'attempt.scheduled',
      notBefore: clock(),
      attempt: run.attempt,
      mode,
      target: run.target,
      reason,
      ...(isRound ? { roundsUsed: roundsUsed(state) + 1 } : {}),
    },
  ];
}

/** How often the agent was sent back already, of the `maxRounds` of the task's check. */
export const roundsUsed = (state: TaskState): number => state.roundsUsed ?? 0;
