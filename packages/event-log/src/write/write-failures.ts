import { AgentRuntimeError } from '@runtime/contracts';

/** The disk is full: nothing of these appends is in the file, and the writer goes on. */
export function fullError(cause: unknown): AgentRuntimeError {
  return new AgentRuntimeError('EXHAUSTED', 'the disk is full, and nothing of this append was written', {
    hint: 'free some space; appends work again without a new opening',
    details: { reason: 'disk' },
    cause,
  });
}

/** A write or its sync failed during this append. */
export function unknownError(cause: unknown): AgentRuntimeError {
  return new AgentRuntimeError(
    'OUTCOME_UNKNOWN',
    'the write or its sync failed: this append may or may not be in the log',
    {
      hint: 'check the disk, then open the log again and read what is there',
      details: { poisoned: true },
      cause,
    },
  );
}

/** A write or its sync failed before this append. The writer never tries again: a second sync would prove nothing. */
export function poisonedError(cause: unknown): AgentRuntimeError {
  return new AgentRuntimeError('UNAVAILABLE', 'an earlier write or sync failed, so this log takes no more appends', {
    hint: 'check the disk, then close the log and open it again',
    details: { poisoned: true },
    retry: 'never',
    cause,
  });
}
