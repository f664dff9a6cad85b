import { AgentRuntimeError } from '@runtime/contracts';
import { sleep } from './clock.ts';

const noRoomPauseMs = 500;

/** Whether an error is one of a full disk: there may be room later. What is too large for a limit never fits. */
export const isNoRoom = (error: unknown): boolean =>
  AgentRuntimeError.isInstance(error) && error.code === 'EXHAUSTED' && error.retry !== 'never';

/**
 * Repeats something while the disk is full, because the plane's own records may not be skipped, and calls `waiting`
 * each time with why it waits. Throws EXHAUSTED when `signal` aborts, as when the plane closes, and at once for what
 * never fits.
 */
export async function whenThereIsRoom<T>(
  work: () => Promise<T>,
  signal: AbortSignal,
  waiting: (why: AgentRuntimeError) => void = () => undefined,
): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!isNoRoom(error) || signal.aborted) throw error;
      waiting(AgentRuntimeError.from(error));
      await sleep(noRoomPauseMs, signal);
    }
  }
}
