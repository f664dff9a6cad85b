import { readOwner, type Owner, type WriterLock } from '@runtime/event-log';
import { isLiving } from './find-owner.ts';

/**
 * Keeps `owner.json` true for this process, which holds the lock: writes it again where it is missing, damaged or says
 * something else. Resolves with false, and writes nothing, where it names another process that lives.
 */
export function announceWith(lock: WriterLock): (socketPath: string) => Promise<boolean> {
  return async (socketPath) => {
    const named = await readOwner(lock.path);
    if (named && named.pid !== process.pid && (await isOther(named))) return false;
    if (named?.pid !== process.pid || named.socketPath !== socketPath) await lock.describe({ socketPath });
    return true;
  };
}

/** A record without a start time proves nothing, and this process has the lock. */
async function isOther(named: Owner): Promise<boolean> {
  return named.startTime !== undefined && (await isLiving(named));
}
