import { AgentRuntimeError } from '@runtime/contracts';

/** What was typed cannot be meant: exit code 2. */
export function usageError(message: string, hint?: string): AgentRuntimeError {
  return new AgentRuntimeError('INVALID_ARGUMENT', message, hint === undefined ? {} : { hint });
}
