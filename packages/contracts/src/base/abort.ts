import { AgentRuntimeError } from './errors.ts';

/**
 * Throws the signal's reason as an `AgentRuntimeError` (CANCELLED or DEADLINE_EXCEEDED) when the signal is aborted
 * already.
 */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw AgentRuntimeError.from(signal.reason, 'CANCELLED');
}

/**
 * Waits for `work` or for `signal`, whichever comes first.
 * Aborting ends the waiting with CANCELLED (DEADLINE_EXCEEDED for a timeout); the work goes on, and its late failure is
 * not unhandled.
 */
export function abortable<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work;
  return new Promise<T>((resolve, reject) => {
    const abort = (): void => reject(AgentRuntimeError.from(signal.reason, 'CANCELLED'));
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
