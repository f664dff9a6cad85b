import { readOwner, type WriterLock } from '@runtime/event-log';

/**
 * Keeps `owner.json` true for this process, which holds the lock: writes it again where it is missing, damaged or says
 * something else. Resolves with false, and writes nothing, where it names another process that lives.
 */
export function announceWith(lock: WriterLock): (socketPath: string) => Promise<boolean> {
  return async (socketPath) => {
    const named = await readOwner(lock.path);
    return (named?.pid === process.pid && named.socketPath === socketPath) || lock.describe({ socketPath });
  };
}
