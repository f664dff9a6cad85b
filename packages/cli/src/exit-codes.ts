import type { AgentRuntimeError, ErrorCode, RunOutcome } from '@runtime/contracts';

/** The exit codes of every command, as `runtime help` lists them. */
export const exitCodes = {
  succeeded: 0,
  failed: 1,
  usage: 2,
  notFound: 3,
  unavailable: 4,
  timedOut: 124,
  interrupted: 130,
} as const;

/** The exit codes in the words of `runtime help`. */
export const exitCodesHelp: readonly (readonly [code: number, meaning: string])[] = [
  [0, 'the command succeeded; for run, watch and wait: the task succeeded'],
  [1, 'the task did not succeed, or the command failed for another reason'],
  [2, 'wrong usage, a bad configuration or an invalid argument'],
  [3, 'not found'],
  [4, 'unavailable: there is no owner, another process holds the data directory, or a runtime cannot be reached'],
  [124, 'the time of wait --timeout is over'],
  [130, 'interrupted (Ctrl-C); the task goes on'],
];

/** True when another process holds the data directory. Every other CONFLICT is about a task. */
export function isLockConflict({ code, details }: AgentRuntimeError): boolean {
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

/** The exit code of a command that failed with this error. */
export function exitCodeOf(error: AgentRuntimeError): number {
  return isLockConflict(error) ? exitCodes.unavailable : (codeOf[error.code] ?? exitCodes.failed);
}

/** The exit code of a command that waited for this outcome. */
export function exitCodeOfOutcome(outcome: RunOutcome): number {
  return outcome.status === 'succeeded' ? exitCodes.succeeded : exitCodes.failed;
}
