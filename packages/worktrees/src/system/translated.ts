import { AgentRuntimeError, systemCode, type ErrorCode } from '@runtime/contracts';

const codes: Readonly<Record<string, ErrorCode>> = {
  ENOSPC: 'EXHAUSTED',
  EDQUOT: 'EXHAUSTED',
  EMFILE: 'EXHAUSTED',
  ENFILE: 'EXHAUSTED',
  EACCES: 'PERMISSION_DENIED',
  EPERM: 'PERMISSION_DENIED',
  EROFS: 'PERMISSION_DENIED',
};

const hints: Partial<Record<ErrorCode, string>> = {
  EXHAUSTED: 'free some space or descriptors, then call it again',
  PERMISSION_DENIED: 'give this user the right to read and write the repository and the directory of the worktree',
};

/** The result, or a failure of the system as an error that says what to do. Others pass as they are. */
export async function translated<T>(result: Promise<T>): Promise<T> {
  try {
    return await result;
  } catch (error) {
    const system = systemCode(error);
    if (system === undefined || AgentRuntimeError.isInstance(error) || !(error instanceof Error)) throw error;
    const code = codes[system] ?? 'UNAVAILABLE';
    const hint = hints[code] ?? 'call it again';
    throw new AgentRuntimeError(code, error.message, { hint, details: { system }, cause: error });
  }
}
