import type { OutcomeCode, RunOutcome } from '@runtime/contracts';
import { classifyMessage, type Exit } from '@runtime/contracts/adapter';
import { headOf } from '@runtime/adapter-kit/source';

/** How the last assistant message of a turn ended. */
export interface LastMessage {
  readonly stopReason: string | undefined;
  readonly errorMessage: string | undefined;
}

const failed = (code: OutcomeCode, message: string): RunOutcome => ({
  status: 'failed',
  code,
  message: headOf(message, 8192),
});

/** What is known of the end of a turn beside its last message. */
export interface TurnEnd {
  /**
   * We interrupted the turn, or Pi reports that it was aborted. The stop reason alone is not enough: 0.87 reports an
   * abort during a tool as an error.
   */
  readonly interrupted: boolean;
  /** Records were spoiled, perhaps that of the last message. */
  readonly lost: boolean;
}

/**
 * The outcome of a turn after which Pi settled. An answer that was complete before the interrupt remains a success.
 */
export function turnOutcome(last: LastMessage | undefined, { interrupted, lost }: TurnEnd): RunOutcome {
  const reason = last?.stopReason;
  const text = last?.errorMessage ?? '';
  if (reason === 'stop') return { status: 'succeeded' };
  if (interrupted || reason === 'aborted')
    return { status: 'cancelled', ...(text ? { message: headOf(text, 8192) } : {}) };
  if (reason === 'error') return failed(classifyMessage(text), text || 'Pi reported an error without a message');
  if (reason === 'length') {
    return failed(classifyMessage(text, 'unknown'), text || "The answer was cut off at the model's output limit");
  }
  if (reason === undefined || reason === 'pending')
    return failed('unknown', 'The turn ended without an answer of the agent');
  if (lost) return failed('unknown', 'Foreign bytes in the output of Pi spoiled its last answer');
  // toolUse, and what later versions add: a tool may end the turn without another message.
  return { status: 'succeeded' };
}

/** The outcome of a prompt that Pi rejected. */
export const refusedPrompt = (error: string): RunOutcome => failed(classifyMessage(error, 'unknown'), error);

/** The outcome of a turn during which the process ended. */
export function diedOutcome(exit: Exit, interrupted: boolean): RunOutcome {
  if (interrupted) return { status: 'cancelled', message: 'Pi ended during the interrupt' };
  if (exit.kind === 'signaled') return failed('killed', `Pi was killed by ${exit.signal} during the turn`);
  if (exit.kind === 'exited') return failed('crashed', `Pi exited with code ${exit.code} during the turn`);
  return failed('crashed', `Pi ended during the turn: ${exit.why}`);
}
