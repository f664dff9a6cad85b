import { AgentRuntimeError } from '@runtime/contracts';
import { sleep } from './clock.ts';

const noRoomPauseMs = 500;

/** Whether an error is one of a full disk: there may be room later. What is too large for a limit never fits. */
export const isNoRoom = (error: unknown): boolean =>
  AgentRuntimeError.isInstance(error) && error.code === 'EXHAUSTED' && error.retry !== 'never';

/**
 * Repeats something while the disk is full, because the plane's own records may not be skipped, and tells
 * `waiting` each time why it waits, and at the end that it does no more. Throws EXHAUSTED when `signal` aborts, as when the plane closes, and at once for what
 * never fits.
 */
export async function whenThereIsRoom<T>(
  work: () => Promise<T>,
  signal: AbortSignal,
  waiting: (why: AgentRuntimeError | undefined) => void = () => undefined,
): Promise<T> {
  let hasWaited = false;
  try {
    for (;;) {
      try {
        return await work();
      } catch (error) {
        if (!isNoRoom(error) || signal.aborted) throw error;
        hasWaited = true;
        waiting(AgentRuntimeError.from(error));
        await sleep(noRoomPauseMs, signal);
      }
    }
  } finally {
    if (hasWaited) waiting(undefined);
  }
}
