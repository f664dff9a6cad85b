import type { AgentRuntimeError, ErrorCode, RunOutcome } from '@runtime/contracts';

/** What a shell gets. Printed by `runtime help`. */
export const exitCodes = {
  succeeded: 0,
  failed: 1,
  usage: 2,
  notFound: 3,
  unavailable: 4,
  interrupted: 130,
} as const;

/** The table as `runtime help` shows it. */
export const exitCodesHelp = `Exit codes:
  0    the command did what it says; for run: the task succeeded
  1    the task ended otherwise than succeeded, or the command failed for a reason not below
  2    usage, a bad configuration or an invalid argument
  3    not found
  4    unavailable: no owner, the data directory is held by another process, a runtime that cannot be reached
  130  interrupted (Ctrl-C); the task goes on`;

/** Another process holds the data directory. Every other conflict is about a task. */
function isLockConflict({ code, details }: AgentRuntimeError): boolean {
  if (code !== 'CONFLICT') return false;
  const path = details?.['path'];
  return details?.['owner'] !== undefined || (typeof path === 'string' && path.endsWith('lock.db'));
}

const codeOf: Partial<Record<ErrorCode, number>> = {
  INVALID_ARGUMENT: exitCodes.usage,
  NOT_FOUND: exitCodes.notFound,
  UNAVAILABLE: exitCodes.unavailable,
  CANCELLED: exitCodes.interrupted,
};

/** The exit code for an error that reached the edge. */
export function exitCodeOf(error: AgentRuntimeError): number {
  return isLockConflict(error) ? exitCodes.unavailable : (codeOf[error.code] ?? exitCodes.failed);
}

/** The exit code for how a task ended. */
export function exitCodeOfOutcome(outcome: RunOutcome): number {
  return outcome.status === 'succeeded' ? exitCodes.succeeded : exitCodes.failed;
}
