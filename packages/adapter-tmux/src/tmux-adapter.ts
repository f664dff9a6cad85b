import { clearRun } from '@runtime/adapter-kit/run';
import { abortable, throwIfAborted } from '@runtime/contracts';
import { specVersion, type RuntimeAdapter } from '@runtime/contracts/adapter';
import { endRun } from './end.ts';
import { settingsOf, type TmuxOptions } from './options.ts';
import { probeTmux } from './probe.ts';
import { recoverTmux } from './recover.ts';
import { tmuxLeftovers } from './run-files.ts';
import { startTmux } from './start.ts';

/** What reap leaves between TERM and KILL. */
const reapGraceMs = 1000;

/**
 * Runs a terminal program as an agent, each run in a tmux server of its own. The run outlives this process, a person
 * can join it (`RuntimeSession.attach`), every byte that it shows is recorded, and its exit code is the agent's own.
 * Throws INVALID_ARGUMENT for options that it does not take.
 */
export function tmux(options: TmuxOptions): RuntimeAdapter {
  const settings = settingsOf(options);
  return {
    specVersion,
    id: settings.id,
    startupMs: settings.readyTimeoutMs,
    probe: (call) => probeTmux(settings, call),
    start: (launch, call) => startTmux(settings, launch, call),
    recover: (handle, call) => recoverTmux(settings, handle, call),
    async reap(handle, call) {
      throwIfAborted(call?.signal);
      const reap = async (): Promise<void> => {
        await endRun(handle, reapGraceMs);
        await clearRun(handle, tmuxLeftovers);
      };
      await abortable(reap(), call?.signal);
    },
  };
}
