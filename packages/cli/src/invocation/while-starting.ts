import { formatElapsed } from '../arguments/duration.ts';
import type { CliDependencies } from '../host/dependencies.ts';
import type { Output } from '../render/output.ts';

/** Below this a person has not begun to wait. */
const soonMs = 500;

/**
 * Does what may start an owner, with the dependencies that are handed to it. On a terminal it says what is waited for,
 * and since when, as soon as that takes more than a moment.
 */
export async function whileStarting<T>(
  deps: CliDependencies,
  out: Output,
  work: (deps: CliDependencies) => Promise<T>,
): Promise<T> {
  const now = deps.now ?? Date.now;
  const since = now();
  // Another command may be starting one, and an older owner may be about to leave.
  let doing = 'waiting for the owner…';
  const { startOwner } = deps;
  const starting: CliDependencies['startOwner'] =
    startOwner &&
    ((options) => {
      doing = 'starting the owner…';
      return startOwner(options);
    });
  const stopMoving = out.moving(() => {
    const elapsed = now() - since;
    return elapsed < soonMs ? undefined : `${formatElapsed(elapsed)} · ${doing}`;
  });
  try {
    return await work({ ...deps, startOwner: starting });
  } finally {
    stopMoving();
  }
}
