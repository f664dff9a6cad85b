import type { OutcomeCode, RunOutcome } from '@runtime/contracts';
import { classifyMessage, type Exit } from '@runtime/contracts/adapter';
import { headOf } from './text.ts';

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

/**
 * The outcome of a turn at rest.
 * `interrupted`: we ended it, or Pi says so itself. The stop reason alone does not tell: 0.87 calls a turn aborted within a tool an error.
 * An answer that was complete before the interrupt took hold stays a success.
 */
export function turnOutcome(last: LastMessage | undefined, interrupted: boolean): RunOutcome {
  const reason = last?.stopReason;
  const text = last?.errorMessage ?? '';
  if (reason === 'stop') return { status: 'succeeded' };
  if (interrupted || reason === 'aborted')
    return { status: 'cancelled', ...(text ? { message: headOf(text, 8192) } : {}) };
  if (reason === 'error') return failed(classifyMessage(text), text || 'Pi reported an error without a text');
  if (reason === 'length') {
    return failed(classifyMessage(text, 'unknown'), text || "The answer was cut off at the model's output limit");
  }
  if (reason === undefined || reason === 'pending') return failed('unknown', 'Pi rested without an answer');
  // toolUse and whatever later versions add: a tool may end the turn without a last word.
  return { status: 'succeeded' };
}

/** A prompt that Pi refused before anything began. */
export const refusedPrompt = (error: string): RunOutcome => failed(classifyMessage(error, 'unknown'), error);

/** The process ended in the middle of a turn. */
export function diedOutcome(exit: Exit, interrupted: boolean): RunOutcome {
  if (interrupted) return { status: 'cancelled', message: 'Pi ended while the turn was being interrupted' };
  if (exit.kind === 'signaled') return failed('killed', `Pi was ended by ${exit.signal} in the middle of the turn`);
  if (exit.kind === 'exited') return failed('crashed', `Pi ended with code ${exit.code} in the middle of the turn`);
  return failed('crashed', `Pi is gone in the middle of the turn: ${exit.why}`);
}
