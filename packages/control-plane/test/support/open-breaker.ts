import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { acquireLock, openEventLog } from '@runtime/event-log';
import type { Places } from './planes.ts';

/** Leaves a data directory whose breaker of a runtime opened before, and whose pause is over: the next start is a trial. */
export async function openBreaker({ dataDir }: Places, runtime: string): Promise<void> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  await using lock = await acquireLock(join(dataDir, 'lock.db'));
  const log = await openEventLog({ dir: join(dataDir, 'log'), lock });
  const failures = ['run-1', 'run-2', 'run-3'].map((runId) => ({ type: 'start.failed', runId, code: 'UNAVAILABLE' }));
  await log.append(`runtime/${runtime}`, [...failures, { type: 'breaker.opened', failures: 3, until: Date.now() - 1 }]);
  await log.close();
}
