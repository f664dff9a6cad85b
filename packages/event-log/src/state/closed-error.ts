import { AgentRuntimeError } from '@runtime/contracts';

export function closedError(): AgentRuntimeError {
  return new AgentRuntimeError('UNAVAILABLE', 'the log is closed', { hint: 'open it again', retry: 'never' });
}
