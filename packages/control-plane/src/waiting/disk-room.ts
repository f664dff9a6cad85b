import { AgentRuntimeError } from '@runtime/contracts';
import { sleep } from './clock.ts';

const noRoomPauseMs = 500;

/**
 * Repeats an append while the disk is full, because the plane's own records may not be skipped. Throws EXHAUSTED when
 * the plane closes.
 */
export async function whenThereIsRoom<T>(append: () => Promise<T>, closing: AbortSignal): Promise<T> {
  for (;;) {
    try {
      return await append();
    } catch (error) {
      if (!AgentRuntimeError.isInstance(error) || error.code !== 'EXHAUSTED' || closing.aborted) throw error;
      await sleep(noRoomPauseMs, closing);
    }
  }
}
