import { setImmediate as turn, setTimeout as delay } from 'node:timers/promises';
import { isAlive, type ProcessIdentity } from './identity.ts';

const longestPauseMs = 20;

/**
 * True once none of these processes lives, false after `ms`; those that are children of this one are reaped by then.
 * Throws UNAVAILABLE when the system cannot look.
 */
export async function areGone(identities: readonly ProcessIdentity[], ms: number): Promise<boolean> {
  const deadline = performance.now() + ms;
  for (let pause = 1; ; pause = Math.min(pause * 2, longestPauseMs)) {
    const alive = await Promise.all(identities.map((identity) => isAlive(identity)));
    if (!alive.includes(true)) {
      await turn();
      return true;
    }
    const rest = deadline - performance.now();
    if (rest <= 0) return false;
    await delay(Math.min(pause, rest));
  }
}
