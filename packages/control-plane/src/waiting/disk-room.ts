import { AgentRuntimeError } from '@runtime/contracts';
import { sleep } from './clock.ts';

const noRoomPauseMs = 500;

/** Waits a full disk out: the plane's own records may not be skipped. Gives up, with EXHAUSTED, when the plane lets go. */
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
