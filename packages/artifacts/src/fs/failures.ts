import { AgentRuntimeError, systemCode } from '@runtime/contracts';

const noRoom: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);
const forbidden: ReadonlySet<string> = new Set(['EACCES', 'EPERM', 'EROFS']);

/** A failure of the disk as an error that says what to do. Others pass as they are. */
export function storeFailure(error: unknown, doing: string): unknown {
  const system = systemCode(error);
  if (system === undefined || AgentRuntimeError.isInstance(error) || !(error instanceof Error)) return error;
  const message = `cannot ${doing}: ${error.message}`;
  if (noRoom.has(system)) {
    const hint = 'free some space; it works again without a new opening';
    return new AgentRuntimeError('EXHAUSTED', message, { hint, details: { reason: 'disk', system }, cause: error });
  }
  if (forbidden.has(system)) {
    const hint = 'give this user the right to read and write the directory of the artifacts and all files in it';
    return new AgentRuntimeError('PERMISSION_DENIED', message, { hint, details: { system }, cause: error });
  }
  const hint = 'check the medium and the file system, then try again';
  return new AgentRuntimeError('UNAVAILABLE', message, { hint, details: { system }, cause: error });
}
