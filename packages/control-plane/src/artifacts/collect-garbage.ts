import { throwIfAborted, type CallOptions, type GarbageReport, type TaskEvent } from '@runtime/contracts';
import type { EventLog } from '@runtime/contracts/log';
import type { WatchedStore } from '../store/watched-store.ts';

/**
 * Removes the contents that no task names. What is put meanwhile is noted before the log is read, and what the log named
 * by then is in it: one of the two knows every content that is named when it would be removed.
 */
export async function collectGarbage(
  log: EventLog,
  store: WatchedStore,
  { dryRun, signal }: CallOptions & { readonly dryRun: boolean },
): Promise<GarbageReport> {
  const { collectGarbage: collect } = await import('@runtime/artifacts');
  using put = store.watch();
  const named = await namedIn(log, signal);
  const isKept = (sha256: string): boolean => named.has(sha256) || put.has(sha256);
  const { removed, ...sums } = await collect(store, { isKept, dryRun, ...(signal ? { signal } : {}) });
  return { removed: removed.length, ...sums };
}

async function namedIn(log: EventLog, signal: AbortSignal | undefined): Promise<ReadonlySet<string>> {
  const named = new Set<string>();
  for await (const events of log.read(signal ? { signal } : {})) {
    // What the log holds was checked when it was written.
    for (const event of events as readonly unknown[] as readonly TaskEvent[])
      if (event.type === 'artifact.stored') named.add(event.artifact.sha256);
  }
  // A reading that is aborted ends without a throw, and has not seen all.
  throwIfAborted(signal);
  return named;
}
