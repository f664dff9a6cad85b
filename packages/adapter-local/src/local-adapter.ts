import { reapRun } from '@runtime/adapter-kit/run';
import { throwIfAborted } from '@runtime/contracts';
import { specVersion, type RuntimeAdapter } from '@runtime/contracts/adapter';
import { settingsOf, type LocalOptions } from './options.ts';
import { probeLocal } from './probe.ts';
import { recoverLocal } from './recover.ts';
import { localLeftovers } from './run-files.ts';
import { startLocal } from './start.ts';

/**
 * Runs a command once for each run, under a holder that outlives this process: an owner that is killed loses nothing.
 * `probe` answers whether the command is there. Throws INVALID_ARGUMENT for options that it does not take.
 */
export function local(options: LocalOptions): RuntimeAdapter {
  const settings = settingsOf(options);
  // Information for the sessions only: a run that another owner recovers has its version in its record.
  let version = 'unknown';
  return {
    specVersion,
    id: settings.id,
    async probe(call) {
      const found = await probeLocal(settings, call);
      if (found.status === 'available') version = found.version;
      return found;
    },
    start: (launch, call) => startLocal(settings, launch, version, call),
    recover: (handle, call) => recoverLocal(settings, handle, call),
    async reap(handle, call) {
      throwIfAborted(call?.signal);
      await reapRun(handle, { ...call, leftovers: localLeftovers });
    },
  };
}
