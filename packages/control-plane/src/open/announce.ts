import type { WriterLock } from '@runtime/event-log';
import { readOwner } from '@runtime/event-log/owner';

/**
 * Keeps `owner.json` true for this process: writes it again where it is missing, damaged or says something else.
 * Resolves with false, and writes nothing, where it names another process that lives, or where the lock file is gone,
 * as when somebody removes the data directory.
 */
export function announceWith(lock: WriterLock): (socketPath: string) => Promise<boolean> {
  return async (socketPath) => {
    if (!lock.held) return false;
    const named = await readOwner(lock.path);
    return (named?.pid === process.pid && named.socketPath === socketPath) || lock.describe({ socketPath });
  };
}
