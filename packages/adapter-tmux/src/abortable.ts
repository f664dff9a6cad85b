import { AgentRuntimeError } from '@runtime/contracts';

/** Waits for `work` or for `signal`, whichever is first. The work goes on either way, and its late failure is not unhandled. */
export async function abortable<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work;
  return new Promise<T>((resolve, reject) => {
    const abort = (): void => reject(AgentRuntimeError.from(signal.reason, 'CANCELLED'));
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
