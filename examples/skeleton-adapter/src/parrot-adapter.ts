import { reapRun } from '@runtime/adapter-kit/run';
import { throwIfAborted } from '@runtime/contracts';
import { specVersion, type RuntimeAdapter } from '@runtime/contracts/adapter';
import { settingsOf, type ParrotOptions } from './options.ts';
import { probeParrot } from './probe.ts';
import { recoverParrot } from './recover.ts';
import { startParrot } from './start.ts';

// #region skeleton-adapter
/**
 * A parrot as a runtime: one process per run, under a holder that outlives us. Throws INVALID_ARGUMENT for options that
 * it does not take.
 */
export function parrot(options: ParrotOptions = {}): RuntimeAdapter {
  const settings = settingsOf(options);
  return {
    specVersion,
    id: settings.id,
    probe: (call) => probeParrot(settings, call),
    start: (launch, call) => startParrot(settings, launch, call),
    recover: (handle, call) => recoverParrot(settings, handle, call),
    async reap(handle, call) {
      throwIfAborted(call?.signal);
      await reapRun(handle, call);
    },
  };
}
// #endregion
