import { AgentRuntimeError } from '@runtime/contracts';

/** The error for wrong usage: INVALID_ARGUMENT, exit code 2. */
export function usageError(message: string, hint?: string): AgentRuntimeError {
  return new AgentRuntimeError('INVALID_ARGUMENT', message, hint === undefined ? {} : { hint });
}
