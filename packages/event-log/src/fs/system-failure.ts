import { AgentRuntimeError, systemCode } from '@runtime/contracts';

const forbidden: ReadonlySet<string> = new Set(['EACCES', 'EPERM', 'EROFS']);
const impossible: ReadonlySet<string> = new Set(['ENOTDIR', 'EISDIR', 'ELOOP', 'ENAMETOOLONG', 'ENOENT', 'EINVAL']);

/** An error of the file system as one that says what to do. Other errors pass as they are. */
export function systemFailure(error: unknown, doing: string): unknown {
  const code = systemCode(error);
  if (code === undefined || AgentRuntimeError.isInstance(error) || !(error instanceof Error)) return error;
  const message = `cannot ${doing}: ${error.message}`;
  const details =
    'path' in error && typeof error.path === 'string' ? { path: error.path, system: code } : { system: code };
  if (forbidden.has(code)) {
    const hint = 'give this user the right to read and write the directory and all files in it';
    return new AgentRuntimeError('PERMISSION_DENIED', message, { hint, details, cause: error });
  }
  if (impossible.has(code)) {
    const hint = 'name a directory that exists or can be made, and in which no link or directory stands for a file';
    return new AgentRuntimeError('INVALID_ARGUMENT', message, { hint, details, cause: error });
  }
  const hint = 'check the medium and the file system, then try again';
  return new AgentRuntimeError('UNAVAILABLE', message, { hint, details, retry: 'never', cause: error });
}
