import { AgentRuntimeError } from '@runtime/contracts';

/** The disk is full: none of these appends is in the file. */
export function fullError(cause: unknown): AgentRuntimeError {
  return new AgentRuntimeError('EXHAUSTED', 'the disk is full: nothing was written', {
    hint: 'make room; appending works again by itself',
    details: { reason: 'disk' },
    cause,
  });
}

/** A write or its sync failed under this very append. */
export function unknownError(cause: unknown): AgentRuntimeError {
  return new AgentRuntimeError('OUTCOME_UNKNOWN', 'the write or its sync failed: it may or may not be in the log', {
    hint: 'look at the medium, then open the log again and read what is there',
    details: { poisoned: true },
    cause,
  });
}

/** A write or its sync failed before this append came. */
export function poisonedError(cause: unknown): AgentRuntimeError {
  return new AgentRuntimeError('UNAVAILABLE', 'an earlier write or sync failed, so this log takes no more appends', {
    hint: 'look at the medium, then close the log and open it again',
    details: { poisoned: true },
    retry: 'never',
    cause,
  });
}
