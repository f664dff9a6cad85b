import { AgentRuntimeError, throwIfAborted } from '@runtime/contracts';
import { sleep } from './clock.ts';

/** Stops the waiting, not what is waited for. */
export async function abortable<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work;
  work.catch(() => undefined);
  throwIfAborted(signal);
  let aborted = (): void => undefined;
  const ended = new Promise<never>((_resolve, reject) => {
    aborted = () => reject(AgentRuntimeError.from(signal.reason, 'CANCELLED'));
    signal.addEventListener('abort', aborted, { once: true });
  });
  try {
    return await Promise.race([work, ended]);
  } finally {
    signal.removeEventListener('abort', aborted);
  }
}

/** Waits for work that never rejects, but no longer than this. */
export async function atMost(ms: number, work: Promise<unknown>): Promise<void> {
  const over = new AbortController();
  await Promise.race([work, sleep(ms, over.signal)]);
  over.abort();
}
