import type { ErrorCode } from '@runtime/contracts';

/**
 * Whose fault a failed start is, by its error code. `task`: the same start fails anywhere and always, so it is not
 * repeated here. `runtime`: it is repeated, and the circuit breaker counts it. `neither`: it says nothing about either.
 */
export const startFaults: Readonly<Record<ErrorCode, 'task' | 'runtime' | 'neither'>> = {
  INVALID_ARGUMENT: 'task',
  NOT_FOUND: 'task',
  UNSUPPORTED: 'task',
  PERMISSION_DENIED: 'task',
  UNAUTHENTICATED: 'task',
  UNAVAILABLE: 'runtime',
  EXHAUSTED: 'runtime',
  DEADLINE_EXCEEDED: 'runtime',
  PROTOCOL_VIOLATION: 'runtime',
  OUTCOME_UNKNOWN: 'runtime',
  DATA_CORRUPT: 'runtime',
  INTERNAL: 'runtime',
  CONFLICT: 'neither',
  CANCELLED: 'neither',
};
