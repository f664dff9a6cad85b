import { AgentRuntimeError } from '@runtime/contracts';

/** The disk is full: nothing of these appends is in the file, and the writer goes on. */
export function fullError(cause: unknown): AgentRuntimeError {
  return new AgentRuntimeError('EXHAUSTED', 'the disk is full, and nothing of this append was written', {
    hint: 'free some space; appends work again without a new opening',
    details: { reason: 'disk' },
    cause,
  });
}

/** The disk is full: what was removed so far is gone, and the rest is as it was. */
export function noRoomToRemove(cause: unknown): AgentRuntimeError {
  return new AgentRuntimeError('EXHAUSTED', 'the disk is full, and not all streams were removed', {
    hint: 'free as much space as the largest segment takes, and remove them again',
    details: { reason: 'disk' },
    cause,
  });
}

/** The writer failed, for this reason, during this append. */
export function unknownError(failure: AgentRuntimeError): AgentRuntimeError {
  return new AgentRuntimeError('OUTCOME_UNKNOWN', `this append may or may not be in the log: ${failure.rawMessage}`, {
    hint: 'find the cause, then open the log again and read what is there',
    details: { ...failure.details, poisoned: true },
    cause: failure,
  });
}

/** A write or its sync failed. The writer never tries again: a second sync would prove nothing. */
export function diskFailure(cause: unknown): AgentRuntimeError {
  return new AgentRuntimeError('UNAVAILABLE', 'a write or sync failed, so this log takes no more appends', {
    hint: 'check the disk, then close the log and open it again',
    details: { poisoned: true },
    retry: 'never',
    cause,
  });
}
