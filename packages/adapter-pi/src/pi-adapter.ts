import { reapRun } from '@runtime/adapter-kit/run';
import { throwIfAborted } from '@runtime/contracts';
import { specVersion, type RuntimeAdapter } from '@runtime/contracts/adapter';
import { maxLimits } from './launch/signs-of-life.ts';
import { settingsOf, type PiOptions } from './options.ts';
import { probePi } from './probe.ts';
import { piProviderVariables } from './provider-variables.ts';
import { recoverPi } from './recover.ts';
import { piLeftovers } from './run-files.ts';
import { startPi } from './start.ts';

/**
 * The Pi coding agent as a runtime. Each run is one `pi --mode rpc` process under a holder that outlives this process;
 * its stdin is a FIFO and its stdout a file.
 *
 * - `start` resolves once Pi has answered its first command. If Pi exits instead, the error carries the end of its
 *   stderr: INVALID_ARGUMENT (model, option or extension), UNAUTHENTICATED or UNAVAILABLE. A session that cannot be
 *   resumed is NOT_FOUND with `details.reason`, before anything is spawned.
 * - A prompt that Pi rejects is `instruction.declined`. If no turn is running, a failed turn follows it, so that the
 *   run has an outcome.
 * - After `recover` the plane may send an instruction again: Pi gets each at most once.
 * - A turn ends when Pi settles, not at `agent_end`. Versions before 0.80.4 do not report that and are asked.
 * - If the approval policy asks or denies, an extension of the adapter turns tool calls into dialogs.
 *
 * Throws INVALID_ARGUMENT for an option that is unknown or impossible.
 */
export function pi(options: PiOptions = {}): RuntimeAdapter {
  const settings = settingsOf(options);
  return {
    specVersion,
    id: settings.id,
    passEnvironment: piProviderVariables,
    // As long as Pi shows signs of life it is waited for, up to here.
    startupMs: settings.startupMs * (maxLimits + 1),
    probe: (call) => probePi(settings, call),
    start: (launch, call) => startPi(settings, launch, call),
    recover: (handle, call) => recoverPi(settings, handle, call),
    async reap(handle, call) {
      throwIfAborted(call?.signal);
      await reapRun(handle, { ...call, leftovers: piLeftovers });
    },
  };
}
