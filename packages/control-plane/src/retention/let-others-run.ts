import { setImmediate } from 'node:timers/promises';

/** So many tasks are looked at in one go: a millisecond or two. */
export const atOnce = 200;

/** Gives the loop to whoever waits for it: a host must not feel how many tasks there are. Throws where `signal` aborts. */
export async function letOthersRun(signal: AbortSignal): Promise<void> {
  await setImmediate();
  signal.throwIfAborted();
}
