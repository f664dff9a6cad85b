import { reapRun } from '@runtime/adapter-kit/run';
import { throwIfAborted } from '@runtime/contracts';
import { specVersion, type RuntimeAdapter } from '@runtime/contracts/adapter';
import { settingsOf, type PiOptions } from './options.ts';
import { probePi } from './probe.ts';
import { piProviderVariables } from './provider-variables.ts';
import { recoverPi } from './recover.ts';
import { startPi } from './start.ts';

/**
 * The Pi coding agent as a runtime: one `pi --mode rpc` per run, under a holder that outlives us, its stdin a FIFO and its stdout a file.
 *
 * - `start` resolves once Pi answers (20 s). A process that does not start throws with Pi's own words: INVALID_ARGUMENT (model, option, extension),
 *   UNAUTHENTICATED, UNAVAILABLE. A session that cannot be picked up is NOT_FOUND with `details.reason` before anything is spawned.
 * - A prompt that Pi refuses is `instruction.declined`; where nothing runs, a turn that failed at once goes with it, so that the run has an outcome.
 * - After `recover`, sending an instruction again is safe: Pi gets it at most once (see `send`).
 * - Turns end when Pi rests for good, not at `agent_end`; before 0.80.4 Pi is asked whether it rests.
 * - With an approval policy that asks, an extension of ours turns tool calls into dialogs.
 *
 * Throws INVALID_ARGUMENT for options that cannot be meant.
 */
export function pi(options: PiOptions = {}): RuntimeAdapter {
  const settings = settingsOf(options);
  return {
    specVersion,
    id: settings.id,
    passEnvironment: piProviderVariables,
    probe: (call) => probePi(settings, call),
    start: (launch, call) => startPi(settings, launch, call),
    recover: (handle, call) => recoverPi(settings, handle, call),
    async reap(handle, call) {
      throwIfAborted(call?.signal);
      await reapRun(handle, call);
    },
  };
}
