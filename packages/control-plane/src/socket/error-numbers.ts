import type { AgentRuntimeError, ErrorCode } from '@runtime/contracts';
import { isNoSuchMethod } from '../client/channel.ts';

/** The numbers that JSON-RPC 2.0 itself gives a meaning (section 5.1). */
export const rpcErrors = {
  parseError: -32_700,
  invalidRequest: -32_600,
  methodNotFound: -32_601,
  invalidParams: -32_602,
  internalError: -32_603,
} as const;

/**
 * The number of each of our codes on the wire. Two have the number of JSON-RPC's own code, the others one of the range
 * that JSON-RPC leaves to implementations (-32099 to -32000). As in the Agent Client Protocol, -32000 is a missing
 * login and -32002 something that does not exist.
 */
export const errorNumbers: Readonly<Record<ErrorCode, number>> = {
  INVALID_ARGUMENT: rpcErrors.invalidParams,
  INTERNAL: rpcErrors.internalError,
  UNAUTHENTICATED: -32_000,
  CONFLICT: -32_001,
  NOT_FOUND: -32_002,
  UNSUPPORTED: -32_003,
  UNAVAILABLE: -32_004,
  PERMISSION_DENIED: -32_005,
  EXHAUSTED: -32_006,
  CANCELLED: -32_007,
  DEADLINE_EXCEEDED: -32_008,
  PROTOCOL_VIOLATION: -32_009,
  OUTCOME_UNKNOWN: -32_010,
  DATA_CORRUPT: -32_011,
};

/** A method that does not exist is NOT_FOUND as well, but has a number of its own in JSON-RPC. */
export function errorNumber(error: AgentRuntimeError): number {
  return isNoSuchMethod(error) ? rpcErrors.methodNotFound : errorNumbers[error.code];
}
